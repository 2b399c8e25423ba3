import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Runs `work` with another `lock_timeout` than that of the session, for requests that make no reader and no writer wait
 * behind them, such as SHARE UPDATE EXCLUSIVE: those may be patient. An autovacuum gives way after a second only.
 */
export const withLockTimeout = async <T>(session: Session, timeout: string, work: () => Promise<T>): Promise<T> => {
  const { rows } = await session.query<{ before: string }>(
    sql`select pg_catalog.current_setting('lock_timeout') as before`,
  )
  const set = (value: string) => session.query(sql`select pg_catalog.set_config('lock_timeout', ${value}, false)`)
  await set(timeout)
  try {
    return await work()
  } finally {
    await set(rows[0]?.before ?? '0')
  }
}
