import { readDecisions } from '#core/decide/record.ts'
import { alarmsOf } from '#core/decide/sweep-alarms.ts'
import { type Flapping, flappingOf, isSameChange } from '#core/observe/alarm-history.ts'
import { type Case, caseOf, type Switched, switchedByPeople } from '#core/observe/case.ts'
import { type Plan, resolveFlag } from '#core/plan/load.ts'
import type { AlarmChange, Alarms, FlagHistory, Objects, TimeWindow } from '#core/ports.ts'

export interface ObserveSources {
  readonly objects: Objects
  /** `null` where there is no CloudWatch and no Parameter Store: of a state folder. */
  readonly aws: { readonly alarms: Alarms; readonly flagHistory: FlagHistory } | null
  readonly environment: string
}

/** What a plan would have done in a while, or did, and what people did. Times in ISO 8601. */
export interface ObserveReport {
  readonly plan: string
  readonly environment: string
  readonly from: string
  readonly to: string
  /** Whether the histories of alarms and flags were read. */
  readonly histories: 'read' | 'not read'
  readonly cases: readonly Case[]
  /** Alarms that went off without a decision: their event got lost, or nobody was there to decide. */
  readonly undecided: readonly { readonly alarm: string; readonly at: string }[]
  readonly flapping: readonly Flapping[]
  /** Flags that people switched, and none of the plan's alarms had gone off. */
  readonly unseen: readonly Switched[]
}

const historyOf = async (aws: NonNullable<ObserveSources['aws']>, names: readonly string[], window: TimeWindow) => {
  const found = new Map<string, AlarmChange[]>()
  // One after the other: CloudWatch allows few of these calls a second.
  for (const name of names) found.set(name, await aws.alarms.changes(name, window))
  return found
}

const flagHistories = async (plan: Plan, environment: string, { flagHistory }: NonNullable<ObserveSources['aws']>) =>
  Object.fromEntries(
    await Promise.all(
      Object.keys(plan.flags).map(
        async (flag) => [flag, await flagHistory.changes(resolveFlag(plan, flag, environment))] as const,
      ),
    ),
  )

export const buildReport = async (
  plan: Plan,
  window: TimeWindow,
  { objects, aws, environment }: ObserveSources,
): Promise<ObserveReport> => {
  const decided = (await readDecisions(objects, plan.name, window)).filter(
    (one) => one.environment === environment && one.event.state === 'ALARM',
  )
  const names = Object.keys(plan.signals).flatMap((signal) => alarmsOf(plan, signal, environment))
  const history = aws && (await historyOf(aws, [...new Set(names)], window))
  const switched = aws ? switchedByPeople(plan, environment, await flagHistories(plan, environment, aws)) : []
  const cases = decided.map((one) =>
    caseOf(one, { plan, changes: history && (history.get(one.event.alarm) ?? []), switched }),
  )
  const undecided = [...(history?.values() ?? [])]
    .flat()
    .filter(
      ({ to, alarm, at }) => to === 'ALARM' && !cases.some((one) => one.alarm === alarm && isSameChange(one.at, at)),
    )
    .map(({ alarm, at }) => ({ alarm, at }))
  const [from, to] = [window.from.getTime(), window.to.getTime()]
  return {
    ...{ plan: plan.name, environment, from: window.from.toISOString(), to: window.to.toISOString() },
    histories: aws ? 'read' : 'not read',
    cases,
    undecided,
    flapping: [...(history ?? [])]
      .map(([alarm, changes]) => flappingOf(alarm, changes))
      .filter(({ times }) => times > 0)
      .sort((a, b) => b.times - a.times),
    unseen: switched.filter(
      (one) =>
        Date.parse(one.at) >= from &&
        Date.parse(one.at) < to &&
        !cases.some(({ people }) => people?.at === one.at && people.flag === one.flag),
    ),
  }
}
