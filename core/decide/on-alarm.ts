import { type AlarmState, readAlarm } from '#core/decide/alarm.ts'
import { executionName, type Matched, matchAlarm, requestFor } from '#core/decide/decide.ts'
import { onProbed } from '#core/decide/on-probed.ts'
import type { Contained } from '#core/incident/incident.ts'
import { tellNotStarted, tellToWatch } from '#core/notice/of-alarm.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Plans } from '#core/plan/plans.ts'
import { readProbed } from '#core/probe/destination.ts'
import { containPlan } from '#core/steps/contain.ts'
import type { Ports } from '#core/steps/define-step.ts'

/** What became of one alarm event, for the log and for whoever invokes the function by hand. */
export interface AlarmOutcome {
  readonly action: 'ignored' | 'none' | 'monitor' | 'started' | 'joined'
  readonly detail: string
  readonly plan: string | null
  readonly contained: Contained | null
  readonly execution: string | null
}

type Needs = 'flags' | 'executions' | 'notifier' | 'plans' | 'clock' | 'environment'
type AlarmPorts = Pick<Ports, Needs>

const quiet = (action: 'ignored' | 'none', detail: string): AlarmOutcome[] => [
  { action, detail, plan: null, contained: null, execution: null },
]

const reasons = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))

const values = <T>(results: readonly PromiseSettledResult<T>[]): T[] =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))

const loadAll = async (plans: Plans): Promise<PromiseSettledResult<Plan>[]> =>
  Promise.allSettled((await plans.names()).map((name) => plans.load(name)))

/**
 * The first hop of an alarm: contain every plan that it concerns, then start the state machine. Containment needs the
 * parameter store alone, so it works while database, bucket and state machine are down; what fails is thrown at the end,
 * when everything else was done, so that the event comes again.
 */
export const onAlarm = async (event: unknown, ports: AlarmPorts): Promise<AlarmOutcome[]> => {
  const probed = readProbed(event)
  if (probed) return onProbed(probed, ports, (alarm) => onState(alarm, ports))
  const alarm = readAlarm(event)
  return alarm ? onState(alarm, ports) : quiet('ignored', 'This is not the state of an alarm; nothing was done.')
}

const onState = async (alarm: AlarmState, ports: AlarmPorts): Promise<AlarmOutcome[]> => {
  if (alarm.state !== 'ALARM') return quiet('none', `Alarm "${alarm.name}" is ${alarm.state}: nothing is rolled back.`)
  // One plan that cannot be read must not keep the others from their containment.
  const loaded = await loadAll(ports.plans)
  const matched = matchAlarm(values(loaded), alarm, ports.environment)
  // All of them before anything is started: a state machine that does not answer takes the rest of the function's time.
  const contained = await Promise.allSettled(
    matched.map(({ plan, decision }) => (decision.contain === 'immediately' ? containPlan(plan, ports) : null)),
  )
  // A containment that failed must not keep the state machine from starting: it tries again, and calls people.
  const acted = await Promise.allSettled(
    matched.map((match, i) => {
      const result = contained[i]
      return act(match, alarm, result?.status === 'fulfilled' ? result.value : null, ports)
    }),
  )
  const [failure] = [...reasons(contained), ...reasons(acted), ...reasons(loaded)]
  if (failure !== undefined) throw failure
  return matched.length > 0 ? values(acted) : quiet('ignored', `No plan names alarm "${alarm.name}".`)
}

const act = async (
  match: Matched,
  alarm: AlarmState,
  contained: Contained | null,
  ports: AlarmPorts,
): Promise<AlarmOutcome> => {
  const { plan, signal, decision } = match
  const request = requestFor(match, alarm)
  if (!request) {
    await tellToWatch(match, alarm, ports)
    return { action: 'monitor', detail: `${signal}: people are told`, plan: plan.name, contained, execution: null }
  }
  const { arn, started } = await ports.executions.start(executionName(plan, alarm), request).catch(async (error) => {
    await tellNotStarted(match, alarm, { request, contained, error }, ports)
    throw error
  })
  return {
    action: started ? 'started' : 'joined',
    detail: started ? `${signal}: ${decision.path}` : `${signal}: this event was here before`,
    plan: plan.name,
    contained,
    execution: arn,
  }
}
