import type { Session } from '#core/ports.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { readStanding } from '#core/retire/standing.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * Runs `work` with the privileges of the role of retired tables. Where the session's role does not have them by itself (it may
 * be one that applications use, see `membership` in the bootstrap), it gives them to itself for so long; a process killed in
 * between leaves them, until the next one takes them back.
 */
export async function asRetiredOwner<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const { role, superuser, serverVersion, retiredRole } = await readStanding(session)
  if (superuser || serverVersion < 160000 || !retiredRole.administered) return work()
  const grant = sql`grant ${sql.id(RETIRED_ROLE)} to ${sql.id(role)}`
  await session.query(sql`${grant} with inherit true`)
  try {
    return await work()
  } finally {
    // After a lost connection there is nobody to tell, and the first error is the one to throw.
    await session.query(sql`${grant} with inherit false`).catch(() => undefined)
  }
}
