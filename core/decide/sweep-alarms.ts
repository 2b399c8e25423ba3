import { alarmName, executionName } from '#core/decide/decide.ts'
import { decidedBefore } from '#core/decide/decided-before.ts'
import { isBlind, valuesOfNoData } from '#core/decide/missing-data.ts'
import { onAlarm } from '#core/decide/on-alarm.ts'
import { markSwept, wasSwept } from '#core/decide/swept.ts'
import { digestOf } from '#core/json.ts'
import { tellOfPlan } from '#core/notice/of-plan.ts'
import type { Plan } from '#core/plan/load.ts'
import type { DescribedAlarm } from '#core/ports.ts'
import type { Ports } from '#core/steps/define-step.ts'

/**
 * The event of an alarm that goes off now is on its way, or being worked on: the function that it calls has this long. A
 * sweep that comes in between would only do the same a second time.
 */
const SETTLED_MS = 2 * 60_000

/** As long as events themselves are tried again. */
const FRESH_MS = 60 * 60_000

export type SweepPorts = Parameters<typeof onAlarm>[1] & Pick<Ports, 'alarms' | 'objects'>

/** What a sweep found to be done; what was done before is counted only. */
export interface Sweep {
  readonly alarms: number
  /** Named by a plan, and not there. */
  readonly absent: readonly string[]
  readonly found: readonly {
    readonly alarm: string
    readonly since: string
    readonly plans: readonly string[]
    /** `acted`: as if its event had come. `told`: people know that it has no data. */
    readonly what: 'acted' | 'told'
  }[]
}
type Found = Sweep['found'][number]

/** Names of the alarms that may mean a signal of the plan in this environment. */
export const alarmsOf = (plan: Plan, signal: string, environment: string): string[] => [
  alarmName(plan, signal, environment),
  ...(plan.signals[signal]?.alarm ?? []).map((name) => name.replaceAll('{env}', environment)),
]

/** As EventBridge tells it: for everything after this line, the event has come. */
const eventOf = ({ name, state, since, reason }: DescribedAlarm): object => ({
  source: 'aws.cloudwatch',
  'detail-type': 'CloudWatch Alarm State Change',
  detail: { alarmName: name, state: { value: state, timestamp: since, reason } },
})

const stateOf = ({ name, state, since, reason }: DescribedAlarm) => ({ name, state, at: since, reason })

/**
 * Whether this change of the alarm was dealt with for the plan. It is not enough that a second start would be refused: it
 * would contain again what people have switched on since, and tell them once more every five minutes.
 */
const isDone = async (plan: Plan, alarm: DescribedAlarm, ports: SweepPorts): Promise<boolean> => {
  const known = async () => ports.executions.knows(executionName(plan, stateOf(alarm)))
  try {
    if (await wasSwept(ports.objects, plan.name, alarm)) return true
    if (!(await known()) && !(await decidedBefore(ports.objects, plan.name, alarm))) return false
    await markSwept(ports, plan.name, alarm)
    return true
  } catch (error) {
    // Without the bucket there is still the execution. Rows that start none have to wait for the bucket, and so has an alarm
    // that is so old that its execution may be forgotten.
    if (ports.clock.now().getTime() - Date.parse(alarm.since) > FRESH_MS) throw error
    return known()
  }
}

const act = async (plans: readonly Plan[], alarm: DescribedAlarm, ports: SweepPorts): Promise<Found | null> => {
  const checked = await Promise.allSettled(
    plans.map(async (plan) => ({ plan, done: await isDone(plan, alarm, ports) })),
  )
  const due = checked.flatMap((one) => (one.status === 'fulfilled' && !one.value.done ? [one.value.plan] : []))
  if (due.length > 0) {
    const only = { names: async () => due.map(({ name }) => name), load: ports.plans.load }
    await onAlarm(eventOf(alarm), { ...ports, plans: only })
    await Promise.all(due.map(({ name }) => markSwept(ports, name, alarm)))
  }
  const failed = checked.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  return due.length === 0
    ? null
    : { alarm: alarm.name, since: alarm.since, plans: due.map(({ name }) => name), what: 'acted' }
}

const tell = async (plan: Plan, signal: string, alarm: DescribedAlarm, ports: SweepPorts): Promise<Found | null> => {
  if (await wasSwept(ports.objects, plan.name, alarm)) return null
  const id = digestOf(['no-data', plan.name, signal, alarm.name, alarm.since])
  await tellOfPlan(plan, 'no-data', valuesOfNoData(plan, signal, alarm), { id, signal }, ports)
  await markSwept(ports, plan.name, alarm)
  return { alarm: alarm.name, since: alarm.since, plans: [plan.name], what: 'told' }
}

/**
 * Finds the alarms of all plans that are in ALARM now and whose event never came: lost, or older than the deployment. Each
 * is handed to the same core as its event, with the time of its own change, so that both together start one execution. An
 * alarm without data tells people, and starts nothing. What fails is thrown when everything else is done: the next sweep
 * comes in five minutes.
 */
export const sweepAlarms = async (_event: unknown, ports: SweepPorts): Promise<Sweep> => {
  const { plans, environment, clock, alarms } = ports
  const loaded = await Promise.allSettled((await plans.names()).map((name) => plans.load(name)))
  const watched = loaded.flatMap((one) =>
    one.status === 'fulfilled'
      ? Object.entries(one.value.signals).flatMap(([signal, definition]) =>
          alarmsOf(one.value, signal, environment).map((alarm) => ({ plan: one.value, signal, definition, alarm })),
        )
      : [],
  )
  const names = [...new Set(watched.map(({ alarm }) => alarm))]
  const described = await alarms.describe(names)
  const now = clock.now()
  const work = described.flatMap((alarm): Promise<Found | null>[] => {
    const by = watched.filter((one) => one.alarm === alarm.name)
    if (alarm.state === 'ALARM')
      return now.getTime() - Date.parse(alarm.since) < SETTLED_MS
        ? []
        : [act([...new Set(by.map(({ plan }) => plan))], alarm, ports)]
    return by
      .filter(({ definition }) => isBlind(definition, alarm, now))
      .map(({ plan, signal }) => tell(plan, signal, alarm, ports))
  })
  const done = await Promise.allSettled(work)
  for (const one of [...loaded, ...done]) if (one.status === 'rejected') throw one.reason
  const known = new Set(described.map(({ name }) => name))
  return {
    alarms: described.length,
    absent: names.filter((name) => !known.has(name)),
    found: done.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : [])),
  }
}
