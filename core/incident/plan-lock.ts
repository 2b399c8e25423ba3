import { isRollbackError } from '#core/errors.ts'
import type { PlanName } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { takePlanLock } from '#core/sql/advisory-lock.ts'
import { sql } from '#core/sql/tag.ts'

/** For so long, at a quarter of a second each, a call of the same run that holds the lock may be alive and about to end. */
const PATIENCE = 12

const pause = sql`select pg_catalog.pg_sleep(0.25)`

/** Waits in the server until they are gone, at most two seconds for each. */
const end = (prefix: string, except: string | null) => sql`
  select pg_catalog.pg_terminate_backend(pid, 2000) from pg_catalog.pg_stat_activity
   where pg_catalog.starts_with(application_name, ${prefix}) and datname = pg_catalog.current_database()
     and pid <> pg_catalog.pg_backend_pid() and application_name is distinct from ${except}`

interface OfRun {
  /** The plan's lock: `shared` is for calls that run beside each other. */
  readonly mode: 'exclusive' | 'shared'
  /** Of the sessions of this run alone, and of this call's. */
  readonly prefix: string
  readonly name: string
}

/**
 * Takes the plan's lock for a call of the run that has the lease. States follow each other, so that a call of the same run
 * that holds it now is a twin, or was killed where the server does not notice: after some patience its session is ended,
 * and its work rolled back and done again. Throws `Lease.Busy` for a holder of another kind.
 */
export const takeLockOfRun = async (session: Session, plan: PlanName, { mode, prefix, name }: OfRun): Promise<void> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await takePlanLock(session, plan, mode)
    } catch (error) {
      if (!isRollbackError(error) || error.name !== 'Lease.Busy' || tries > PATIENCE) throw error
      await session.query(tries < PATIENCE ? pause : end(prefix, mode === 'shared' ? name : null))
    }
  }
}
