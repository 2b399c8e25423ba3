import type { Autonomy } from '#core/plan/autonomy.ts'
import type { Decision } from '#core/plan/decisions.ts'
import type { Plan } from '#core/plan/load.ts'

/** Whether an alarm's run waits for people before its path. Nothing comes after containment on the path `flag`. */
export const asksFirst = (
  { path, approve }: { readonly path: string; readonly approve: Decision['approve'] },
  rung: Autonomy,
): boolean => {
  if (rung === 'observe' || rung === 'propose') return true
  return path !== 'flag' && (rung === 'contain' || approve.length > 0)
}

/** Who is asked: those of the row, else those whom the plan names for it, else the first of its contacts. */
export const rolesToAsk = (plan: Pick<Plan, 'approval' | 'contacts'>, approve: readonly string[]): readonly string[] =>
  approve.length > 0 ? approve : (plan.approval.ask ?? Object.keys(plan.contacts).slice(0, 1))
