import {
  AlarmType,
  type CompositeAlarm,
  type MetricAlarm,
  paginateDescribeAlarmHistory,
  paginateDescribeAlarms,
  ScanBy,
} from '@aws-sdk/client-cloudwatch'
import type { Limits } from '#aws/clients.ts'
import { cloudwatchClient } from '#aws/cloudwatch-client.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import type { RollbackError } from '#core/errors.ts'
import type { AlarmChange, Alarms, DescribedAlarm } from '#core/ports.ts'

/** Names that one call may ask for, and records that one answer may have. */
const AT_ONCE = 100

/** Without them CloudWatch describes metric alarms alone. */
const KINDS = [AlarmType.MetricAlarm, AlarmType.CompositeAlarm]

const isState = (value: unknown): value is DescribedAlarm['state'] =>
  value === 'ALARM' || value === 'OK' || value === 'INSUFFICIENT_DATA'

/** CloudWatch's alarms. */
export const cloudwatchAlarms = (limits?: Limits): Alarms => ({
  async describe(names) {
    const found: (MetricAlarm | CompositeAlarm)[] = []
    try {
      for (let from = 0; from < names.length; from += AT_ONCE) {
        const request = { AlarmNames: names.slice(from, from + AT_ONCE), AlarmTypes: KINDS, MaxRecords: AT_ONCE }
        for await (const page of paginateDescribeAlarms({ client: cloudwatchClient(limits) }, request))
          found.push(...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? []))
      }
    } catch (error) {
      throw unreadable(error, 'Describing alarms', 'cloudwatch:DescribeAlarms')
    }
    return found.flatMap(described)
  },
  async changes(name, { from, to }) {
    const found: AlarmChange[] = []
    try {
      const request = {
        AlarmName: name,
        AlarmTypes: KINDS,
        HistoryItemType: 'StateUpdate' as const,
        StartDate: from,
        EndDate: to,
        ScanBy: ScanBy.TIMESTAMP_ASCENDING,
        MaxRecords: AT_ONCE,
      }
      for await (const page of paginateDescribeAlarmHistory({ client: cloudwatchClient(limits) }, request))
        for (const { Timestamp, HistoryData } of page.AlarmHistoryItems ?? []) {
          const change = changeOf(HistoryData)
          if (change && Timestamp) found.push({ alarm: name, at: Timestamp.toISOString(), ...change })
        }
    } catch (error) {
      throw unreadable(error, `Reading the history of alarm "${name}"`, 'cloudwatch:DescribeAlarmHistory')
    }
    return found
  },
})

/**
 * `StateTransitionedTimestamp` is when the value of the state changed, which is what the event of the change tells
 * (`state.timestamp`); `StateUpdatedTimestamp` moves on when an alarm is evaluated to the value that it has. Alarms that
 * have not changed since CloudWatch keeps the first have the second only.
 */
const described = (alarm: MetricAlarm | CompositeAlarm): DescribedAlarm[] => {
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp
  const { AlarmName: name, StateValue: state, StateReason: reason = '' } = alarm
  return name !== undefined && since !== undefined && isState(state)
    ? [{ name, state, since: since.toISOString(), reason }]
    : []
}

/** Data that cannot be read is left out: a report is worth more without one line than not at all. */
const changeOf = (data: string | undefined): Pick<AlarmChange, 'from' | 'to'> | null => {
  try {
    const read = JSON.parse(data ?? '') as { oldState?: { stateValue?: unknown }; newState?: { stateValue?: unknown } }
    const [from, to] = [read.oldState?.stateValue, read.newState?.stateValue]
    return isState(from) && isState(to) ? { from, to } : null
  } catch {
    return null
  }
}

const unreadable = (error: unknown, doing: string, action: string): RollbackError => {
  const names = { unreachable: 'Alarms.Unreadable', denied: 'Alarms.Denied', rejected: 'Alarms.Unreadable' } as const
  return fromSdk(error, { doing, action, ...names }, 'Correct the names of alarms in the plan.')
}
