import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Plans } from '#core/plan/plans.ts'
import type { Objects } from '#core/ports.ts'

/**
 * The plan of a run, for a step that changes something outside the database. Throws `Plan.Changed` when it is not the one that the run
 * began with, and what `requireMayChange` throws; the step asks the latter again before each change.
 */
export const planToChange = async (
  run: Run,
  { plans, objects }: { readonly plans: Plans; readonly objects: Objects },
): Promise<Plan> => {
  const plan = await plans.load(run.plan)
  requireSamePlan(run, plan)
  await requireMayChange(run, objects)
  return plan
}
