import { RollbackError } from '#core/errors.ts'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'

/** Throws `Plan.Changed` when the plan is not the one that the run began with. Asked before anything is changed. */
export const requireSamePlan = (run: Run, plan: Plan): void => {
  if (plan.digest === run.planDigest) return
  throw new RollbackError(
    'Plan.Changed',
    `Plan "${run.plan}" was "${run.planDigest.slice(0, 12)}…" when run "${run.incident}" began and is "${plan.digest.slice(0, 12)}…" now.`,
    {
      fix: 'A deployment has changed it in the middle of the run: start a new run with the new plan.',
      category: 'refused',
    },
  )
}
