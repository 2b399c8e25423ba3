import type { AlarmState } from '#core/decide/alarm.ts'
import { alarmName, concernedBy, matchRow, mostSevereFirst } from '#core/decide/decide.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Measured } from '#core/probe/measure.ts'
import type { Round } from '#core/probe/round.ts'

/**
 * Signals that do not wait for a metric and its alarm: the critical ones of which the plan says that they fire at once
 * (leak, row security, connection). Judged by the plan, not by the event; a rate has no value of its own.
 */
const actsAtOnce = (plan: Plan, { signal, breached }: Measured): boolean => {
  const known = Object.hasOwn(plan.signals, signal) ? plan.signals[signal] : undefined
  return (
    breached === true &&
    known !== undefined &&
    known.severity === 'critical' &&
    known.for === 0 &&
    known.rate === undefined &&
    (known.source.kind === 'probe' || known.source.kind === 'connect')
  )
}

const limitText = ({ limit }: Measured): string => {
  if (limit === null) return ''
  return 'above' in limit ? `, which is above ${limit.above}` : `, which is below ${limit.below}`
}

const valueText = (measured: Measured): string =>
  [measured.value, measured.unit].filter((part) => part !== null).join(' ') + limitText(measured)

const reasonOf = (plan: Plan, first: Measured, others: readonly Measured[], { error }: Round): string => {
  const connects = plan.signals[first.signal]?.source.kind === 'connect'
  const own = connects
    ? `The probes could not connect${error ? ` (${error.name})` : ''}.`
    : `The probe measured ${valueText(first)}.`
  const rest = others.map((other) => `${other.signal} (${valueText(other)})`)
  return rest.length === 0 ? own : `${own} Beyond their limits at the same time: ${rest.join(', ')}.`
}

/**
 * The alarm that a round of probes stands for, under the name that the metric's own alarm has, which is the second way in:
 * of several signals the one whose path goes furthest, as for alarms. `null` when nothing in it acts at once.
 */
export const fastAlarm = (plan: Plan, round: Round, environment: string): AlarmState | null => {
  const found = round.results
    .filter((measured) => actsAtOnce(plan, measured))
    .flatMap((measured) => {
      const name = alarmName(plan, measured.signal, environment)
      const alarm: AlarmState = { name, state: 'ALARM', at: new Date(round.at).toISOString(), reason: '' }
      // Circumstances are asked for when it is decided, after containment.
      return concernedBy([plan], alarm, environment).flatMap((concerned) => {
        const match = matchRow(concerned, { change: 'unknown', also: 'unknown', at: alarm.at })
        return match ? [{ match, measured, alarm }] : []
      })
    })
    .sort((a, b) => mostSevereFirst(a.match, b.match))
  const [first, ...others] = found
  if (!first) return null
  const rest = others.map(({ measured }) => measured)
  return { ...first.alarm, reason: reasonOf(plan, first.measured, rest, round) }
}
