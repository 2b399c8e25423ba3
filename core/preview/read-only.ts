import type { Database, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

const refuseWrites = sql`select pg_catalog.set_config('default_transaction_read_only', 'on', false)`

/**
 * A session in which the server refuses every write (25006): each of its transactions is read-only. They are short, so that
 * looking at a table never makes a change of somebody else wait for long.
 */
export const readOnly = <T>(database: Database, work: (session: Session) => Promise<T>): Promise<T> =>
  database.session({ applicationName: 'vector-rollback:preview' }, async (session) => {
    await session.query(refuseWrites)
    return work(session)
  })
