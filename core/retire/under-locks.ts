import type { Clock, Session } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'
import { type LockableRelation, type TableLockOptions, withTableLocks } from '#core/sql/locks.ts'

/**
 * `withTableLocks` for work that moves sequences, too. LOCK TABLE does not take sequences, and an open transaction that called
 * `nextval` holds one without its table: the work then fails within the budget, and all is tried again a little later.
 */
export async function underLocks<T>(
  session: Session,
  tables: readonly LockableRelation[],
  clock: Clock,
  options: TableLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const { deadlineMs = 60_000, random = Math.random, signal } = options
  const deadline = clock.now().getTime() + deadlineMs
  for (;;) {
    const left = deadline - clock.now().getTime()
    try {
      return await withTableLocks(session, tables, clock, { ...options, deadlineMs: left }, work)
    } catch (error) {
      const pause = 400 + random() * 200
      if (!isLockNotAvailable(error) || clock.now().getTime() + pause >= deadline) throw error
      await clock.sleep(pause, signal)
    }
  }
}

/** Not `Locks.NotAcquired`, which has waited already. */
const isLockNotAvailable = (error: unknown): boolean =>
  error instanceof Error && error.name === 'Postgres.LockNotAvailable' && sqlState(error) === '55P03'
