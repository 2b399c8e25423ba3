import type { Run } from '#core/incident/run.ts'
import { printDuration } from '#core/plan/duration.ts'
import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import type { Clock, Objects } from '#core/ports.ts'
import { drillPassed } from '#core/re-enable/last-drill.ts'

/** What stands against re-enabling and may be overridden by naming it, in sentences that stay the same until it changes. */
export const unmetGates = async (
  run: Run,
  plan: Plan,
  { objects, clock }: { objects: Objects; clock: Clock },
): Promise<string[]> => {
  const { drill } = pathOf(plan, 'restore').reEnable
  // A drill is what makes the record: it cannot ask for one.
  if (run.drill || (await drillPassed(objects, run.plan, { limit: drill, now: clock.now() }))) return []
  return [`No drill of this plan has passed within ${printDuration(drill)}.`]
}

/** How far the feature comes back, in order; to all at once where the plan has no ramp. Percentages. */
export const scheduleOf = (plan: Plan): readonly number[] => pathOf(plan, 'restore').reEnable.ramp?.steps ?? [100]
