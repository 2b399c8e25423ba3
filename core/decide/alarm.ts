import { z } from 'zod'

/** The state of a CloudWatch alarm, wherever it was read from. */
export interface AlarmState {
  readonly name: string
  readonly state: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA'
  /** ISO 8601: when the alarm changed to this state. The same for every copy of the event. */
  readonly at: string
  readonly reason: string
}

const State = z.object({
  value: z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']),
  // Contributor alarms have no reason, and some no reason data.
  reason: z
    .string()
    .nullish()
    .transform((reason) => reason || 'CloudWatch gave no reason.'),
  timestamp: z.string(),
})

/** CloudWatch's Lambda action: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
const LambdaAction = z.object({
  source: z.literal('aws.cloudwatch'),
  alarmData: z.object({ alarmName: z.string().min(1), state: State }),
})

/** EventBridge's `CloudWatch Alarm State Change`. */
const EventBridge = z.object({
  source: z.literal('aws.cloudwatch'),
  'detail-type': z.literal('CloudWatch Alarm State Change'),
  detail: z.object({ alarmName: z.string().min(1), state: State }),
})

/** CloudWatch writes `2026-11-21T03:00:00.000+0000`, EventBridge `…+0000` or `…Z`; one form, so that copies look the same. */
const isoTime = (text: string): string | null => {
  // Date.parse alone reads a year out of almost any text.
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text)) return null
  const time = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}

/** Reads both forms of an alarm event; `null` for anything else, which is recorded and never acted upon. */
export const readAlarm = (event: unknown): AlarmState | null => {
  const action = LambdaAction.safeParse(event)
  const found = action.success ? action.data.alarmData : EventBridge.safeParse(event).data?.detail
  const at = found && isoTime(found.state.timestamp)
  return found && at ? { name: found.alarmName, state: found.state.value, at, reason: found.state.reason } : null
}
