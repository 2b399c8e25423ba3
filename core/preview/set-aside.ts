import type { Plan } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { counted } from '#core/report/figures.ts'
import { printStanding, type StandingTable } from '#core/restore/standing.ts'
import type { RetirementPlan } from '#core/retire/plan.ts'
import { action } from './action.ts'
import type { Approval, PreviewStage } from './model.ts'

/** What happens to the tables that stand under the names of a snapshot, before it is swapped in. */
export const setAsideStages = (
  standing: readonly StandingTable[],
  { statements }: Pick<RetirementPlan, 'statements'>,
): PreviewStage[] =>
  standing.length === 0
    ? []
    : [
        {
          title: 'Set aside what is there, in one transaction, when the copies are whole',
          lines: [
            ...statements.map(({ statement, lock }) => ({ kind: 'statement' as const, sql: statement.text, lock })),
            action('count its rows, and those that the snapshot does not have; nothing is destroyed'),
            action('ask whether the snapshot takes their place; without a yes they are moved back'),
          ],
        },
      ]

/** The question that is asked when there are rows. */
export const replaceApproval = (plan: Plan, standing: readonly StandingTable[], diff: readonly string[]): Approval => {
  const { roles, people } = pathOf(plan, 'restore').reEnable.approve
  return {
    purpose: 'replace',
    signal: null,
    roles,
    people,
    within: plan.approval.within,
    gates: [
      `What stands there may be replaced: ${standing.map(printStanding).join(', ')}; how many rows the snapshot does not have is counted then.`,
      ...(diff.length === 0 ? [] : [`${counted(diff.length, 'difference')}: ${diff.join('; ')}.`]),
    ],
  }
}
