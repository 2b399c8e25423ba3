import { courseOf } from '#core/decide/course.ts'
import { type Matched, matchRow } from '#core/decide/decide.ts'
import { type Drilled, ladder } from '#core/decide/ladder.ts'
import { RollbackError } from '#core/errors.ts'
import { AUTONOMIES, type Autonomy } from '#core/plan/autonomy.ts'
import type { Decision } from '#core/plan/decisions.ts'
import type { Plan } from '#core/plan/load.ts'
import { suggestion } from '#core/plan/nearest.ts'
import { type Circumstances, judge } from '#core/plan/table.ts'
import type { Severity } from '#core/plan/vocabulary.ts'

/** What is supposed for the explanation. */
export interface Supposed {
  readonly signal: string
  /** That of the signal when it is not given. */
  readonly severity?: Severity | undefined
  readonly circumstances: Circumstances
  readonly drilled: Drilled
  readonly environment: string
  readonly now: Date
}

export interface RowExplained {
  /** From 1. */
  readonly number: number
  readonly when: readonly string[]
  readonly path: Decision['path']
  readonly taken: boolean
  /** Why it is not the one; empty for the one that is. */
  readonly whyNot: readonly string[]
}

export interface RungExplained {
  readonly environment: Autonomy
  /** How far it goes there. */
  readonly effective: Autonomy
  readonly why: readonly string[]
  /** What is done, sentence by sentence. */
  readonly course: readonly string[]
}

export interface Explanation {
  readonly plan: string
  readonly signal: string
  readonly severity: Severity
  /** `null` when no row holds: nothing would be done. */
  readonly row: number | null
  readonly path: Decision['path'] | null
  /** What the row takes for granted, since it is not known. */
  readonly unknown: readonly string[]
  readonly rows: readonly RowExplained[]
  /** What would happen at each setting of an environment. */
  readonly rungs: readonly RungExplained[]
}

const whyNot = (
  plan: Plan,
  number: number,
  chosen: Matched | null,
  supposed: Supposed,
  severity: Severity,
): string[] => {
  const row = plan.decide[number - 1]
  if (row === undefined || number === chosen?.row) return []
  const { against, unknown } = judge(row, { signal: supposed.signal, severity }, supposed.circumstances)
  if (against.length > 0) return [...against]
  if (chosen !== null && chosen.row < number) return [`row ${chosen.row} comes first`]
  return unknown.map((what) => `${what} is not known, and it would only monitor`)
}

/** Which row a signal leads to, why no other, and what each rung of the ladder would do. Throws `Plan.UnknownSignal`. */
export const explainDecision = (plan: Plan, supposed: Supposed): Explanation => {
  const { signal, circumstances, environment } = supposed
  const known = Object.hasOwn(plan.signals, signal) ? plan.signals[signal] : undefined
  if (known === undefined)
    throw new RollbackError('Plan.UnknownSignal', `"${signal}" is not a signal of plan "${plan.name}".`, {
      fix: suggestion(signal, Object.keys(plan.signals)),
      category: 'usage',
    })
  const severity = supposed.severity ?? known.severity
  const chosen = matchRow({ plan, occasions: [{ signal, severity }] }, circumstances)
  const at = { change: circumstances.change, drilled: supposed.drilled, now: supposed.now }
  return {
    plan: plan.name,
    signal,
    severity,
    row: chosen?.row ?? null,
    path: chosen?.decision.path ?? null,
    unknown: chosen?.unknown ?? [],
    rows: plan.decide.map((row, index) => ({
      number: index + 1,
      when: row.when,
      path: row.path,
      taken: index + 1 === chosen?.row,
      whyNot: whyNot(plan, index + 1, chosen, supposed, severity),
    })),
    rungs: chosen
      ? AUTONOMIES.map((autonomy) => {
          const { autonomy: effective, why } = ladder(chosen, at, { name: environment, autonomy })
          return {
            environment: autonomy,
            effective,
            why,
            course: courseOf(plan, chosen.decision, effective, environment),
          }
        })
      : [],
  }
}
