import type { Plan } from '#core/plan/load.ts'
import { NOT_KNOWN, type Values } from '#core/plan/placeholders.ts'
import { missingMeans, type Signal } from '#core/plan/signals.ts'
import type { DescribedAlarm } from '#core/ports.ts'

/** An alarm that was just made has no data yet, and neither has a metric that is published now and then. */
const AT_LEAST_MS = 15 * 60_000

/** Whether people are to know that the alarm of a signal has had no data for so long. */
export const isBlind = (signal: Signal, alarm: DescribedAlarm, now: Date): boolean => {
  if (alarm.state !== 'INSUFFICIENT_DATA' || missingMeans(signal) === 'ignore') return false
  return now.getTime() - Date.parse(alarm.since) >= Math.max(AT_LEAST_MS, signal.for)
}

/** What people are told of an alarm without data. */
export const valuesOfNoData = (plan: Plan, signal: string, { name, since, reason }: DescribedAlarm): Values => ({
  signal,
  severity: plan.signals[signal]?.severity ?? NOT_KNOWN,
  reason: `${plan.signals[signal]?.describe ?? signal} Alarm "${name}" has had no data since ${since}. ${reason}`,
  detection: `alarm ${name}`,
  detected: since,
  next: 'Look at what measures it. Nothing was changed.',
})
