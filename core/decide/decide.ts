import type { AlarmState } from '#core/decide/alarm.ts'
import type { Request } from '#core/incident/request.ts'
import { digestOf } from '#core/json.ts'
import type { Autonomy } from '#core/plan/autonomy.ts'
import type { Decision } from '#core/plan/decisions.ts'
import type { Plan } from '#core/plan/load.ts'
import { type Circumstances, chooseRow, type Occasion } from '#core/plan/table.ts'
import { SEVERITIES, type Severity } from '#core/plan/vocabulary.ts'

/** The alarm of a signal, as the deployment names it; a plan may also name alarms that were there before. */
export const alarmName = (plan: Pick<Plan, 'name'>, signal: string, environment: string): string =>
  `vector-rollback-${environment}-${plan.name}-${signal}`

/** The first row for a signal, whatever the circumstances: for a run of which only the signal is known. */
export const rowOf = (plan: Pick<Plan, 'decide'>, signal: string, severity: Severity): Decision | undefined =>
  plan.decide.find((row) => row.when.includes(signal) && (row.severity ?? severity) === severity)

/** A plan that an alarm concerns, and what the alarm means to it. Several signals may share an alarm. */
export interface Concerned {
  readonly plan: Plan
  readonly occasions: readonly Occasion[]
}

/** The plans that know an alarm, most severe signals first, among equals in the order of the plan. */
export const concernedBy = (
  plans: readonly Plan[],
  alarm: Pick<AlarmState, 'name'>,
  environment: string,
): Concerned[] =>
  plans.flatMap((plan) => {
    const occasions = Object.entries(plan.signals).flatMap(([signal, { severity, alarm: names }]): Occasion[] => {
      const known = [
        alarmName(plan, signal, environment),
        ...names.map((name) => name.replaceAll('{env}', environment)),
      ]
      return known.includes(alarm.name) ? [{ signal, severity }] : []
    })
    if (occasions.length === 0) return []
    return [
      { plan, occasions: occasions.sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity)) },
    ]
  })

export interface Matched extends Occasion {
  readonly plan: Plan
  readonly decision: Decision
  /** Of the row, from 1. */
  readonly row: number
  /** Circumstances that could not be read. */
  readonly unknown: readonly string[]
}

/** The row that an alarm leads to: that of the most severe signal, and among equals the first row of the table. */
export const matchRow = ({ plan, occasions }: Concerned, circumstances: Circumstances): Matched | null => {
  const worst = occasions.filter(({ severity }) => severity === occasions[0]?.severity)
  const matched = worst.flatMap((occasion): Matched[] => {
    const chosen = chooseRow(plan.decide, occasion, circumstances)
    return chosen ? [{ plan, ...occasion, decision: chosen.row, row: chosen.number, unknown: chosen.unknown }] : []
  })
  return matched.sort((a, b) => a.row - b.row)[0] ?? null
}

/** As far as they go. */
const PATHS = ['monitor', 'restore', 'flag', 'partial', 'full'] as const

/** Of several alarms at once; of several rows for one alarm the table's order decides. */
export const mostSevereFirst = (a: Matched, b: Matched): number =>
  SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
  PATHS.indexOf(b.decision.path) - PATHS.indexOf(a.decision.path)

/** Of the 80 characters that the name of an execution may have. */
const PLAN_CHARACTERS = 55

/** The same for every copy of the event, so that the state machine starts once. At most 80 characters. */
export const executionName = (plan: Pick<Plan, 'name'>, alarm: AlarmState): string =>
  `${plan.name.slice(0, PLAN_CHARACTERS)}-${digestOf([alarm.name, alarm.at, plan.name]).slice(0, 24)}`

/**
 * The input of the state machine: made of the event, the plan and the decision alone, byte for byte the same for every
 * copy that meets the same circumstances.
 */
export const requestFor = (
  { plan, signal, severity, decision, row }: Matched,
  alarm: AlarmState,
  autonomy: Autonomy,
): Request | null =>
  decision.path === 'monitor'
    ? null
    : {
        plan: plan.name,
        path: decision.path,
        ...(decision.scenario === undefined ? {} : { scenario: decision.scenario }),
        reason: `${plan.signals[signal]?.describe ?? signal} (${alarm.reason})`.slice(0, 2000),
        signal: { name: signal, severity, alarm: alarm.name, at: alarm.at, reason: alarm.reason.slice(0, 1000) },
        decided: { row, autonomy, approve: [...decision.approve] },
      }
