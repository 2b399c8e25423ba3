import { type AlarmState, readAlarm } from '#core/decide/alarm.ts'
import { type Change, EVERY_PLAN, readChange, recordChange } from '#core/decide/change.ts'
import { courseOf } from '#core/decide/course.ts'
import { type Concerned, concernedBy, executionName, matchRow, requestFor } from '#core/decide/decide.ts'
import { BUCKET_MS, inTime } from '#core/decide/in-time.ts'
import { onProbed } from '#core/decide/on-probed.ts'
import { type DecisionRecord, recordDecision } from '#core/decide/record.ts'
import { recordOf } from '#core/decide/record-of.ts'
import { tellOnce } from '#core/decide/tell-once.ts'
import { readOthers, type Weighed, weigh } from '#core/decide/weigh.ts'
import type { Contained } from '#core/incident/incident.ts'
import { tellNotStarted, tellOfNothingDone } from '#core/notice/of-alarm.ts'
import { containsByItself } from '#core/plan/autonomy.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Plans } from '#core/plan/plans.ts'
import { containsAtOnce, containsUnread } from '#core/plan/table.ts'
import { readProbed } from '#core/probe/destination.ts'
import { containPlan } from '#core/steps/contain.ts'
import type { Ports } from '#core/steps/define-step.ts'

/** What became of one alarm event, for the log and for whoever invokes the function by hand. */
export interface AlarmOutcome {
  readonly action: 'ignored' | 'none' | 'noted' | 'observed' | 'monitor' | 'started' | 'joined'
  readonly detail: string
  readonly plan: string | null
  readonly contained: Contained | null
  readonly execution: string | null
}

type Needs =
  | 'flags'
  | 'deliverer'
  | 'executions'
  | 'notifier'
  | 'objects'
  | 'plans'
  | 'clock'
  | 'environment'
  | 'autonomy'
type AlarmPorts = Pick<Ports, Needs>

const quiet = (action: AlarmOutcome['action'], detail: string, plan: string | null = null): AlarmOutcome => ({
  action,
  detail,
  plan,
  contained: null,
  execution: null,
})

const reasons = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))

const values = <T>(results: readonly PromiseSettledResult<T>[]): T[] =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))

const loadAll = async (plans: Plans): Promise<PromiseSettledResult<Plan>[]> =>
  Promise.allSettled((await plans.names()).map((name) => plans.load(name)))

/**
 * The first hop of an alarm: contain every plan that it concerns, then decide, start the state machine or tell people, and
 * keep the decision. Containment needs the parameter store alone, so it works while database, bucket and state machine are
 * down; what fails is thrown at the end, when everything else was done, so that the event comes again.
 */
export const onAlarm = async (event: unknown, ports: AlarmPorts): Promise<AlarmOutcome[]> => {
  const told = readChange(event)
  if (told) return [await noteChange(told, ports)]
  const probed = readProbed(event)
  if (probed) return onProbed(probed, ports, (alarm) => onState(alarm, ports))
  const alarm = readAlarm(event)
  return alarm ? onState(alarm, ports) : [quiet('ignored', 'This is not the state of an alarm; nothing was done.')]
}

const onState = async (alarm: AlarmState, ports: AlarmPorts): Promise<AlarmOutcome[]> => {
  // One plan that cannot be read must not keep the others from their containment.
  const loaded = await loadAll(ports.plans)
  const concerned = concernedBy(values(loaded), alarm, ports.environment)
  if (alarm.state !== 'ALARM') return noteState(concerned, alarm, ports)
  // All of them before anything is started: a state machine that does not answer takes the rest of the function's time.
  const contained = await Promise.allSettled(
    concerned.map((one) => (containsNow(one, alarm, ports) ? containPlan(one.plan, ports) : null)),
  )
  // A containment that failed must not keep the state machine from starting: it tries again, and calls people.
  const acted = await Promise.allSettled(
    concerned.map((one, i) => {
      const result = contained[i]
      return act(one, alarm, result?.status === 'fulfilled' ? result.value : null, ports)
    }),
  )
  const [failure] = [...reasons(contained), ...reasons(acted), ...reasons(loaded)]
  if (failure !== undefined) throw failure
  return concerned.length > 0 ? values(acted) : [quiet('ignored', `No plan names alarm "${alarm.name}".`)]
}

/** A deployment, a switched flag or a migration, as CI tells of it. */
const noteChange = async (
  { change, environment }: { change: Change; environment: string },
  ports: AlarmPorts,
): Promise<AlarmOutcome> => {
  if (environment !== ports.environment) return quiet('ignored', `A change of environment "${environment}".`)
  const known = [...(await ports.plans.names()), EVERY_PLAN]
  if (!known.includes(change.plan)) return quiet('ignored', `A change of "${change.plan}", which is no plan.`)
  return quiet(
    'noted',
    `${change.kind} "${change.reference}": ${await recordChange(ports.objects, change)}`,
    change.plan,
  )
}

/** OK and INSUFFICIENT_DATA are kept and roll nothing back; that they cannot be kept is no reason to come again. */
const noteState = async (
  concerned: readonly Concerned[],
  alarm: AlarmState,
  ports: AlarmPorts,
): Promise<AlarmOutcome[]> => {
  const detail = `Alarm "${alarm.name}" is ${alarm.state}: nothing is rolled back.`
  if (concerned.length === 0) return [quiet('none', detail)]
  await Promise.all(
    concerned.map(async (one) => {
      await readOthers(one, alarm, ports)
      await keep(recordOf(one, alarm, null, ports, { action: 'none', detail }), ports)
    }),
  )
  return concerned.map(({ plan }) => quiet('none', detail, plan.name))
}

/** Decided by what is known without the bucket; where that is not enough, on the safe side. */
const containsNow = (concerned: Concerned, { at }: AlarmState, { autonomy }: Pick<AlarmPorts, 'autonomy'>): boolean => {
  if (!containsByItself(autonomy)) return false
  const matched = matchRow(concerned, { change: 'unknown', also: 'unknown', at })
  if (!matched) return false
  const { decide } = concerned.plan
  const open = matched.unknown.length > 0
  return open
    ? concerned.occasions.some((occasion) => containsUnread(decide, occasion, at))
    : containsAtOnce(matched.decision)
}

/** Best effort: a decision is followed whether or not it can be kept. */
const keep = (record: DecisionRecord, ports: Pick<AlarmPorts, 'objects' | 'clock'>) =>
  inTime(() => recordDecision(ports.objects, record), BUCKET_MS, ports.clock)

const act = async (
  concerned: Concerned,
  alarm: AlarmState,
  contained: Contained | null,
  ports: AlarmPorts,
): Promise<AlarmOutcome> => {
  const { plan } = concerned
  const weighed = await weigh(concerned, alarm, ports)
  if (!weighed) return quiet('none', `${plan.name}: no row of the decision table holds`, plan.name)
  const { signal, decision } = weighed
  const request = requestFor(weighed, alarm, weighed.ladder.autonomy)
  if (!request || weighed.ladder.autonomy === 'observe') return tell(concerned, weighed, alarm, ports)
  const record = (done: Partial<DecisionRecord['done']> & Pick<DecisionRecord['done'], 'action' | 'detail'>) =>
    recordOf(concerned, alarm, weighed, ports, { contained, ...done })
  try {
    const { arn, started } = await ports.executions.start(executionName(plan, alarm), request)
    const proposed = weighed.ladder.autonomy === 'propose' ? ' (proposed)' : ''
    const outcome = {
      action: started ? ('started' as const) : ('joined' as const),
      detail: started ? `${signal}: ${decision.path}${proposed}` : `${signal}: this event was here before`,
      contained,
      execution: arn,
    }
    await keep(record(outcome), ports)
    return { ...outcome, plan: plan.name }
  } catch (error) {
    await tellNotStarted(weighed, alarm, { request, contained, error }, ports)
    await keep(record({ action: 'failed', detail: error instanceof Error ? error.message : String(error) }), ports)
    throw error
  }
}

const tell = async (
  concerned: Concerned,
  weighed: Weighed,
  alarm: AlarmState,
  ports: AlarmPorts,
): Promise<AlarmOutcome> => {
  const { plan, signal, decision, ladder } = weighed
  const action = decision.path === 'monitor' ? 'monitor' : 'observed'
  const course = courseOf(plan, decision, ladder.would, ports.environment)
  const record = recordOf(concerned, alarm, weighed, ports, { action, detail: `${signal}: people are told` })
  const next = `Nothing was changed: ${ladder.why.join('; ')}. It would go like this: ${course.join('; then ')}.`
  const what =
    action === 'monitor'
      ? ({ event: 'monitor', next: 'Look at it. Nothing was changed.' } as const)
      : ({ event: 'observed', next } as const)
  const told = await tellOnce(record, () => tellOfNothingDone(weighed, alarm, what, ports), {
    objects: () => ports.objects,
    clock: ports.clock,
  })
  return quiet(action, `${signal}: ${told === 'told' ? 'people are told' : 'people were told before'}`, plan.name)
}
