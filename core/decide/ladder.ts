import type { Matched } from '#core/decide/decide.ts'
import { type PassedDrill, passedWithin } from '#core/decide/drill.ts'
import { type Autonomy, lowest } from '#core/plan/autonomy.ts'
import { type Milliseconds, printDuration } from '#core/plan/duration.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Circumstances } from '#core/plan/table.ts'
import { printRoute } from '#core/plan/work-of.ts'

/** What is known about the drill of a path. */
export type Drilled = PassedDrill | null | 'unknown'

/** A reason to go no further than a rung. */
export interface Cap {
  readonly rung: Autonomy
  readonly why: string
}

export interface Ladder {
  /** How far the alarm may go here and now. */
  readonly autonomy: Autonomy
  /** How far it would go if the environment allowed everything: what observing tells of. */
  readonly would: Autonomy
  /** Why no further, the lowest rung first. */
  readonly why: readonly string[]
}

/** The paths that change more than flags; these have to be drilled. */
const BEYOND_FLAGS = ['partial', 'full', 'restore']

const capOfChange = (plan: Pick<Plan, 'change'>, change: Circumstances['change']): Cap[] => {
  if (plan.change === undefined || change === 'recent' || change === 'off') return []
  const window = printDuration(plan.change.window as Milliseconds)
  return change === 'none'
    ? [{ rung: 'contain', why: `nothing was deployed, switched or migrated in the ${window} before it` }]
    : [{ rung: 'contain', why: `whether something was changed in the ${window} before it could not be read` }]
}

const capOfDrill = ({ plan, decision }: Pick<Matched, 'plan' | 'decision'>, drilled: Drilled, now: Date): Cap[] => {
  if (!BEYOND_FLAGS.includes(decision.path)) return []
  const { within } = plan.drill
  const route = printRoute(decision)
  if (drilled === 'unknown')
    return [{ rung: 'contain', why: `whether the path "${route}" was drilled could not be read` }]
  if (passedWithin(drilled, within, now)) return []
  const last = drilled === null ? 'no drill is recorded' : `the last one passed at ${drilled.createdAt}`
  return [
    {
      rung: 'contain',
      why: `acting needs a drill of the path "${route}" that passed within ${printDuration(within)}; ${last}`,
    },
  ]
}

const capOfRow = ({ decision, row, unknown }: Pick<Matched, 'decision' | 'row' | 'unknown'>): Cap[] => [
  ...(decision.autonomy === undefined
    ? []
    : [{ rung: decision.autonomy, why: `row ${row} goes no further than "${decision.autonomy}"` }]),
  ...unknown.map((what): Cap => ({ rung: 'contain', why: `${what} could not be read` })),
]

/** How far an alarm may go: as far as environment, row, changes and drills all allow. */
export const ladder = (
  matched: Matched,
  known: { readonly change: Circumstances['change']; readonly drilled: Drilled; readonly now: Date },
  environment: { readonly name: string; readonly autonomy: Autonomy },
): Ladder => {
  const own: Cap[] = [
    ...capOfRow(matched),
    ...capOfChange(matched.plan, known.change),
    ...capOfDrill(matched, known.drilled, known.now),
  ]
  const here: Cap = {
    rung: environment.autonomy,
    why: `environment "${environment.name}" is set to "${environment.autonomy}"`,
  }
  const caps = [here, ...own].filter(({ rung }) => rung !== 'act')
  const would = lowest('act', ...own.map(({ rung }) => rung))
  return {
    autonomy: lowest(would, environment.autonomy),
    would,
    why: caps
      .sort((a, b) => (a.rung === b.rung ? 0 : lowest(a.rung, b.rung) === a.rung ? -1 : 1))
      .map(({ why }) => why),
  }
}
