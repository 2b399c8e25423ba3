import { asksFirst, rolesToAsk } from '#core/decide/ask.ts'
import { type Autonomy, containsByItself } from '#core/plan/autonomy.ts'
import { containingFlags } from '#core/plan/containing.ts'
import type { Decision } from '#core/plan/decisions.ts'
import { printDuration } from '#core/plan/duration.ts'
import { type Plan, resolveFlag } from '#core/plan/load.ts'
import { printRoute, stepsOf } from '#core/plan/work-of.ts'

const flagsOf = (plan: Plan, environment: string): string =>
  containingFlags(plan)
    .map(([name, { safe }]) => `${resolveFlag(plan, name, environment)} to "${safe}"`)
    .join(', ')

/** What stands behind a path, in a few words for people. */
const pathInWords = (plan: Plan, { path, scenario }: Decision): string => {
  const steps = path === 'monitor' ? [] : stepsOf(plan, { path, scenario })
  const names = steps.map(({ kind }) => kind)
  const after = (plan.paths.full?.afterwards ?? []).map(({ kind }) => kind)
  const rest = path === 'full' ? ['retire', 'snapshot', ...after] : path === 'restore' ? ['restore'] : []
  return path === 'flag' ? 'verifies' : [...names, ...rest].join(', ')
}

/** What a row does at a rung of the ladder, one sentence after the other. */
export const courseOf = (plan: Plan, row: Decision, rung: Autonomy, environment: string): string[] => {
  const tell = `tells people to look again within ${printDuration(row.within)}`
  if (row.path === 'monitor') return [tell]
  if (rung === 'observe') return ['changes nothing, and tells people what would be done']
  const contain = `sets ${flagsOf(plan, environment)}`
  const path = `takes the path ${printRoute(row)}: ${pathInWords(plan, row)}`
  const ask = `asks ${rolesToAsk(plan, row.approve).join(' and ')}`
  const steps = containsByItself(rung)
    ? [contain, ...(asksFirst(row, rung) ? [`${ask}, contained`] : []), path]
    : [`${ask}, and changes nothing until they say yes`, contain, path]
  return row.path === 'full' && plan.paths.full?.purge.after === 0 && plan.paths.full.purge.approve.people > 0
    ? [...steps, `asks ${plan.paths.full.purge.approve.roles.join(' and ')} before the retired tables are destroyed`]
    : steps
}
