import type { AlarmState } from '#core/decide/alarm.ts'
import type { Request } from '#core/incident/request.ts'
import { digestOf } from '#core/json.ts'
import type { Decision } from '#core/plan/decisions.ts'
import type { Plan } from '#core/plan/load.ts'
import { SEVERITIES } from '#core/plan/vocabulary.ts'

/** The alarm of a signal, as the deployment names it; a plan may also name alarms that were there before. */
export const alarmName = (plan: Pick<Plan, 'name'>, signal: string, environment: string): string =>
  `vector-rollback-${environment}-${plan.name}-${signal}`

/** The first row of the decision table that matches a signal. */
export const rowOf = (
  plan: Pick<Plan, 'decide'>,
  signal: string,
  severity: Matched['severity'],
): Decision | undefined => plan.decide.find((row) => row.when === signal && (row.severity ?? severity) === severity)

export interface Matched {
  readonly plan: Plan
  readonly signal: string
  readonly severity: (typeof SEVERITIES)[number]
  readonly decision: Decision
}

const PATHS = ['monitor', 'restore', 'flag', 'partial', 'full'] as const

export const mostSevereFirst = (a: Matched, b: Matched): number =>
  SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
  PATHS.indexOf(b.decision.path) - PATHS.indexOf(a.decision.path)

/** The rows that an alarm leads to, of every plan that knows it; of one plan the most severe row alone. */
export const matchAlarm = (plans: readonly Plan[], alarm: AlarmState, environment: string): Matched[] =>
  plans.flatMap((plan) => {
    const rows = Object.entries(plan.signals).flatMap(([signal, { severity, alarm: names }]): Matched[] => {
      const known = [
        alarmName(plan, signal, environment),
        ...names.map((name) => name.replaceAll('{env}', environment)),
      ]
      if (!known.includes(alarm.name)) return []
      const decision = rowOf(plan, signal, severity)
      return decision ? [{ plan, signal, severity, decision }] : []
    })
    const worst = rows.sort(mostSevereFirst)[0]
    return worst ? [worst] : []
  })

/** Of the 80 characters that the name of an execution may have. */
const PLAN_CHARACTERS = 55

/** The same for every copy of the event, so that the state machine starts once. At most 80 characters. */
export const executionName = (plan: Pick<Plan, 'name'>, alarm: AlarmState): string =>
  `${plan.name.slice(0, PLAN_CHARACTERS)}-${digestOf([alarm.name, alarm.at, plan.name]).slice(0, 24)}`

/** The input of the state machine: made of the event and the plan alone, byte for byte the same for every copy. */
export const requestFor = ({ plan, signal, severity, decision }: Matched, alarm: AlarmState): Request | null =>
  decision.path === 'monitor'
    ? null
    : {
        plan: plan.name,
        path: decision.path,
        reason: `${plan.signals[signal]?.describe ?? signal} (${alarm.reason})`.slice(0, 2000),
        signal: { name: signal, severity, alarm: alarm.name, at: alarm.at, reason: alarm.reason.slice(0, 1000) },
      }
