import { requireLease } from '#core/incident/lease.ts'
import type { Run } from '#core/incident/run.ts'
import { requireNotStopped } from '#core/incident/switch.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'
import type { TableLockOptions } from '#core/sql/locks.ts'

/**
 * Asked before each change of a database or a flag, containment excepted: throws `Lease.Lost` when another run has taken over,
 * `Switch.Stopped` when a person has stopped the plan, `Switch.Unreadable`, `Bucket.Unreachable` when neither is known.
 */
export const requireMayChange = async (run: Run, objects: Objects): Promise<void> => {
  const [lease, stop] = await Promise.allSettled([requireLease(run, objects), requireNotStopped(run.plan, objects)])
  // Who was overtaken has more to hear from the run that is in charge than from the switch.
  if (lease.status === 'rejected') throw lease.reason
  if (stop.status === 'rejected') throw stop.reason
}

/** How a run takes the locks of tables: within the plan's budget, and only while it may. */
export const locksOfRun = (
  run: Run,
  plan: Plan,
  { objects, signal }: { readonly objects: Objects; readonly signal: AbortSignal },
): TableLockOptions => ({ budgetMs: plan.budgets.lock, signal, guard: () => requireMayChange(run, objects) })
