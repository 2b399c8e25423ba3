import { requireMayChange } from '#core/incident/may-change.ts'
import { takeLockOfRun } from '#core/incident/plan-lock.ts'
import { checkDatabase } from '#core/incident/right-database.ts'
import type { Run } from '#core/incident/run.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Database, Objects, Session } from '#core/ports.ts'
import { endEarlierHolders } from '#core/sql/earlier-holders.ts'

interface SessionPorts {
  readonly database: Database
  readonly signal: AbortSignal
}

interface Options {
  /** Milliseconds; 0 for what reads or copies whole tables. */
  readonly statementTimeout?: number
  /** `shared` is for the parallel loads of one restore. */
  readonly lock?: 'exclusive' | 'shared'
}

/** The prefix by which a takeover finds the sessions of earlier holders. Plan names have at most 32 characters. */
export const applicationName = (run: Run, kind: string): string =>
  `vector-rollback:${run.plan}:${run.epoch}:${kind}`.slice(0, 63)

/** A session that only reads. The wrong database is refused before anything else is asked. */
export const reading = <T>(
  run: Run,
  plan: Plan,
  kind: string,
  ports: SessionPorts,
  work: (session: Session) => Promise<T>,
  { statementTimeout }: Options = {},
): Promise<T> =>
  ports.database.session(
    {
      applicationName: applicationName(run, kind),
      signal: ports.signal,
      ...(statementTimeout === undefined ? {} : { statementTimeout }),
    },
    async (session) => {
      requireSamePlan(run, plan)
      await checkDatabase(session, plan, ports.database.label)
      return work(session)
    },
  )

/**
 * A session that may change the database: the plan's advisory lock first, then the lease and the kill switch, then the work. A
 * holder that was taken over fails at one of them. Work that waits asks again after it: see `locksOfRun`.
 */
export const mutating = <T>(
  run: Run,
  plan: Plan,
  kind: string,
  ports: SessionPorts & { readonly objects: Objects },
  work: (session: Session) => Promise<T>,
  options: Options = {},
): Promise<T> =>
  reading(
    run,
    plan,
    kind,
    ports,
    async (session) => {
      // The lease first, too: only its holder may end the sessions of those that held it before.
      await requireMayChange(run, ports.objects)
      await endEarlierHolders(session, run.plan, run.epoch)
      await takeLockOfRun(session, run.plan, {
        mode: options.lock ?? 'exclusive',
        prefix: applicationName(run, ''),
        name: applicationName(run, kind),
      })
      await requireMayChange(run, ports.objects)
      return work(session)
    },
    options,
  )
