import type { Plan } from '#core/plan/load.ts'
import { missingMeans, type Signal } from '#core/plan/signals.ts'
import type { DescribedAlarm, Notification } from '#core/ports.ts'

/** An alarm that was just made has no data yet, and neither has a metric that is published now and then. */
const AT_LEAST_MS = 15 * 60_000

/** Whether people are to know that the alarm of a signal has had no data for so long. */
export const isBlind = (signal: Signal, alarm: DescribedAlarm, now: Date): boolean => {
  if (alarm.state !== 'INSUFFICIENT_DATA' || missingMeans(signal) === 'ignore') return false
  return now.getTime() - Date.parse(alarm.since) >= Math.max(AT_LEAST_MS, signal.for)
}

export const noData = (plan: Plan, signal: string, alarm: DescribedAlarm, environment: string): Notification => ({
  plan: plan.name,
  incident: null,
  event: 'no-data',
  severity: 'warning',
  subject: `${plan.name} in ${environment}: no data for ${signal}`,
  body: [
    plan.signals[signal]?.describe ?? signal,
    `Nobody would see it: alarm "${alarm.name}" has had no data since ${alarm.since}. ${alarm.reason}`,
    'Nothing was changed. Look at what measures it.',
  ].join('\n'),
})
