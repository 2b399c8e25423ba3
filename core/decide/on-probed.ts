import type { AlarmState } from '#core/decide/alarm.ts'
import { fastAlarm } from '#core/decide/fast-path.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { digestOf } from '#core/json.ts'
import { unreadablePlan } from '#core/notice/occasion.ts'
import { tellOfPlan } from '#core/notice/of-plan.ts'
import type { Probed } from '#core/probe/destination.ts'
import type { Round } from '#core/probe/round.ts'
import type { Ports } from '#core/steps/define-step.ts'

type ProbedPorts = Pick<Ports, 'plans' | 'notifier' | 'clock' | 'environment'>

const outcome = (action: 'ignored' | 'none' | 'monitor', plan: string | null, detail: string): AlarmOutcome => ({
  ...{ action, detail, plan },
  contained: null,
  execution: null,
})

const quietRound = ({ plan, at, connectFailed, error, results }: Round): AlarmOutcome => {
  const beyond = results.filter(({ breached }) => breached === true).map(({ signal }) => signal)
  const unknown = results.flatMap(({ signal, error }) => (error ? [`${signal} (${error.name})`] : []))
  const parts = [
    `Probes of ${at}: nothing that acts at once`,
    ...(beyond.length > 0 ? [`left to their alarms: ${beyond.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`not measured: ${unknown.join(', ')}`] : []),
    ...(connectFailed ? ['no connection'] : []),
    ...(error ? [error.name] : []),
  ]
  return outcome('none', plan, `${parts.join('; ')}.`)
}

/** A plan that cannot be read is probed no less: people are told in its name. */
const cannotSee = async (
  name: string,
  { at, problem }: { at: string; problem: string },
  ports: ProbedPorts,
): Promise<void> => {
  const plan = await ports.plans.load(name).catch(() => unreadablePlan(name))
  const values = {
    reason: `The probes of ${at} gave no result: ${problem}`,
    detected: at,
    next: `Until they run again, only alarms on other metrics see what happens in the database. See the log of the function vector-rollback-${ports.environment}-probe. Nothing was rolled back.`,
  }
  await tellOfPlan(plan, 'probe-failed', values, { id: digestOf(['probe-failed', name, at]) }, ports)
}

/**
 * The end of the probing function. A critical canary that fails acts as its alarm would, minutes earlier; what has to last
 * is left to its alarm. A function that failed has seen nothing: people are told, and nothing is rolled back for it.
 *
 * @param act what is done about the state of one alarm
 */
export const onProbed = async (
  probed: Probed,
  ports: ProbedPorts,
  act: (alarm: AlarmState) => Promise<AlarmOutcome[]>,
): Promise<AlarmOutcome[]> => {
  const { plans, environment } = ports
  if (probed.environment !== environment)
    return [
      outcome('ignored', null, `These are probes of environment "${probed.environment}", not of "${environment}".`),
    ]
  if (probed.kind === 'unreadable')
    return [outcome('ignored', null, `The probes of ${probed.at} gave what cannot be read; nothing was done.`)]
  const known = await plans.names()
  if (probed.kind === 'failed') {
    const concerned = known.filter((name) => probed.plan === null || probed.plan === name)
    return Promise.all(
      concerned.map(async (plan) => {
        await cannotSee(plan, probed, ports)
        return outcome('monitor', plan, `The probes of ${probed.at} failed: ${probed.problem}`)
      }),
    )
  }
  // One plan that cannot be read, or acted upon, must not keep the others from their containment.
  const ended = await Promise.allSettled(
    probed.rounds.map(async (round) => {
      if (!known.includes(round.plan)) return [outcome('ignored', null, `There is no plan "${round.plan}".`)]
      const alarm = fastAlarm(await plans.load(round.plan), round, environment)
      return alarm ? act(alarm) : [quietRound(round)]
    }),
  )
  const failed = ended.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return ended.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
}
