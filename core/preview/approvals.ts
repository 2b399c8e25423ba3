import type { Path } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Approve } from '#core/plan/vocabulary.ts'
import type { Approval } from './model.ts'

/** Whether the full path goes on to the purge by itself, once that is approved. */
export const purgesAtOnce = (plan: Plan, path: Path): boolean => path === 'full' && plan.paths.full?.purge.after === 0

/** What people are asked first when an alarm has chosen the path; a person who starts it has decided. */
const askedFirst = (plan: Plan, path: Path): Approval[] => {
  const rows = plan.decide.filter((row) => row.path === path && row.approve.length > 0)
  return rows.map(({ when, approve }) => ({
    purpose: 'proceed' as const,
    signal: when.join(', '),
    roles: approve,
    people: approve.length,
    within: plan.approval.within,
    gates: [],
  }))
}

const asked = ({ roles, people }: Approve) => ({ roles, people })

/** The questions that a path asks people. Two people destroy, whatever the number of roles. */
export const approvalsOf = (plan: Plan, path: Path): Approval[] => {
  const { full, restore } = plan.paths
  const first = askedFirst(plan, path)
  if (full && (path === 'purge' || purgesAtOnce(plan, path))) {
    const { approve, within } = full.purge
    return [
      ...first,
      { purpose: 'purge', signal: null, ...asked(approve), people: Math.max(2, approve.people), within, gates: [] },
    ]
  }
  if (path !== 'restore' || !restore) return first
  const { approve, gates } = restore.reEnable
  return [...first, { purpose: 're-enable', signal: null, ...asked(approve), within: plan.approval.within, gates }]
}
