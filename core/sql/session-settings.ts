import type { SessionOptions } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * All settings of a session in one round trip.
 *
 * - `lock_timeout`: what another session may have to wait behind one of ours
 * - `row_security = off`: a role that would see a part of the rows gets an error instead of the part
 * - `client_min_messages`: a notice to a client that went away would end a long build
 * - an empty `search_path`: names mean what they say, and the catalogue prints them qualified
 * - the rest: the same text of a value from every server
 */
export const setUpSession = (options: SessionOptions): Sql => {
  const settings: Record<string, string> = {
    application_name: options.applicationName,
    statement_timeout: String(options.statementTimeout ?? 30_000),
    lock_timeout: '100',
    idle_in_transaction_session_timeout: '30000',
    client_min_messages: 'warning',
    row_security: 'off',
    timezone: 'UTC',
    datestyle: 'ISO, YMD',
    intervalstyle: 'iso_8601',
    extra_float_digits: '1',
    bytea_output: 'hex',
    ...(options.keepSearchPath ? {} : { search_path: '' }),
  }
  const calls = Object.entries(settings).map(([name, value]) => sql`pg_catalog.set_config(${name}, ${value}, false)`)
  return sql`select ${sql.join(calls)}`
}
