import type { Plan } from '#core/plan/load.ts'

/**
 * Whether a purge goes without approval: the plan has to name nobody and keep nothing (`after: 0s`), and the environment has
 * to be marked as disposable. Either alone is not enough, so that a plan cannot lose what an environment wants to keep.
 */
export const purgesUnasked = (plan: Pick<Plan, 'paths'>, disposable: boolean): boolean => {
  const purge = plan.paths.full?.purge
  return disposable && purge !== undefined && purge.after === 0 && purge.approve.people === 0
}
