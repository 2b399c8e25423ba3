import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#core/ports.ts'
import { StateValue, type StoredAlarm, StoredAlarms } from './cloudwatch-alarms.ts'
import { Dimensions, storedMetrics } from './cloudwatch-metrics.ts'
import { openJournal, readJournal } from './journal.ts'
import { ApiError, jsonService, operation, page } from './json-protocol.ts'
import type { Service } from './service.ts'

const ARN = 'arn:aws:cloudwatch:local:000000000000:alarm'
/** Values that one answer of GetMetricData may have. */
const MAX_DATAPOINTS = 100_800

const Name = z.string().min(1).max(255)
const Kinds = z.array(z.enum(['MetricAlarm', 'CompositeAlarm']))
/** Seconds since 1970. */
const Time = z.number().transform((seconds) => Math.round(seconds * 1_000))

const HistoryItem = z.object({
  alarm: z.string(),
  kind: z.enum(['MetricAlarm', 'CompositeAlarm']),
  at: z.iso.datetime(),
  from: StateValue,
  to: StateValue,
  reasons: z.object({ from: z.string(), to: z.string() }),
})
type HistoryItem = z.output<typeof HistoryItem>

const MetricStat = z.strictObject({
  Metric: z.strictObject({ Namespace: z.string(), MetricName: z.string(), Dimensions }),
  Period: z.int().min(1),
  Stat: z.string(),
})

/**
 * CloudWatch: PutMetricAlarm, PutCompositeAlarm, SetAlarmState, DescribeAlarms, DescribeAlarmHistory (changes of state),
 * PutMetricData, GetMetricData (metrics, no expressions). Nothing is evaluated: an alarm is in the state that SetAlarmState
 * gave it, and tells nobody. Kept below `<directory>`.
 */
export const cloudwatchService = ({ directory, clock }: { directory: string; clock: Pick<Clock, 'now'> }): Service => {
  const alarms = new StoredAlarms(join(directory, 'alarms.json'))
  const metrics = storedMetrics(join(directory, 'metrics.jsonl'))
  const historyPath = join(directory, 'history.jsonl')

  const put = (name: string, kind: StoredAlarm['kind'], configuration: Record<string, unknown>): void => {
    const before = alarms.get(name)
    if (before && before.kind !== kind) throw invalid(`The alarm "${name}" is a ${before.kind}.`)
    const [reason, at] = ['Unchecked: Initial alarm creation', clock.now()]
    const created = { name, kind, state: 'INSUFFICIENT_DATA' as const, reason, transitionedAt: at, updatedAt: at }
    alarms.put({ ...(before ?? created), configuration })
  }

  const history = (): HistoryItem[] => z.array(HistoryItem).parse(readJournal(historyPath))

  return jsonService({
    name: 'cloudwatch',
    target: 'GraniteServiceVersion20100801',
    version: '1.0',
    key: (input) => z.object({ AlarmName: z.string() }).safeParse(input).data?.AlarmName ?? null,
    operations: {
      PutMetricAlarm: operation(
        z.looseObject({ AlarmName: Name, MetricName: z.string(), Namespace: z.string() }),
        ({ AlarmName, ...configuration }) => put(AlarmName, 'MetricAlarm', configuration),
      ),
      PutCompositeAlarm: operation(
        z.looseObject({ AlarmName: Name, AlarmRule: z.string().min(1) }),
        ({ AlarmName, ...configuration }) => put(AlarmName, 'CompositeAlarm', configuration),
      ),
      SetAlarmState: operation(
        z.strictObject({ AlarmName: Name, StateValue, StateReason: z.string().max(1_023) }),
        ({ AlarmName, StateValue: to, StateReason: reason }) => {
          const before = alarms.get(AlarmName)
          if (before === undefined) throw new ApiError('ResourceNotFound', `There is no alarm "${AlarmName}".`, 404)
          const at = clock.now()
          const changed = before.state !== to
          const transitionedAt = changed ? at : before.transitionedAt
          alarms.put({ ...before, state: to, reason, updatedAt: at, transitionedAt })
          if (!changed) return
          const item: HistoryItem = {
            ...{ alarm: AlarmName, kind: before.kind, at: at.toISOString(), from: before.state, to },
            reasons: { from: before.reason, to: reason },
          }
          const journal = openJournal(historyPath)
          journal.append(item)
          journal.close()
        },
      ),
      DescribeAlarms: operation(
        z.strictObject({
          AlarmNames: z.array(Name).max(100).optional(),
          AlarmNamePrefix: z.string().min(1).optional(),
          // As in AWS: composite alarms come only to those who ask for them.
          AlarmTypes: Kinds.default(['MetricAlarm']),
          StateValue: StateValue.optional(),
          MaxRecords: z.int().min(1).max(100).default(50),
          NextToken: z.string().optional(),
        }),
        ({ AlarmNames, AlarmNamePrefix, AlarmTypes, StateValue: state, MaxRecords, NextToken }) => {
          if (AlarmNames && AlarmNamePrefix !== undefined)
            throw invalid('AlarmNames and AlarmNamePrefix cannot be used together.')
          const found = alarms
            .all()
            .filter(
              (alarm) =>
                AlarmTypes.includes(alarm.kind) &&
                (AlarmNames?.includes(alarm.name) ?? true) &&
                alarm.name.startsWith(AlarmNamePrefix ?? '') &&
                (state === undefined || alarm.state === state),
            )
          const { items, nextToken } = page(found, MaxRecords, NextToken, 'InvalidNextToken')
          const of = (kind: StoredAlarm['kind']) => items.filter((alarm) => alarm.kind === kind).map(described)
          return { MetricAlarms: of('MetricAlarm'), CompositeAlarms: of('CompositeAlarm'), NextToken: nextToken }
        },
      ),
      DescribeAlarmHistory: operation(
        z.strictObject({
          AlarmName: Name.optional(),
          AlarmTypes: Kinds.default(['MetricAlarm']),
          HistoryItemType: z.literal('StateUpdate'),
          StartDate: Time.optional(),
          EndDate: Time.optional(),
          ScanBy: z.enum(['TimestampAscending', 'TimestampDescending']).default('TimestampDescending'),
          MaxRecords: z.int().min(1).max(100).default(100),
          NextToken: z.string().optional(),
        }),
        ({ AlarmName, AlarmTypes, StartDate, EndDate, ScanBy, MaxRecords, NextToken }) => {
          const found = history().filter(
            ({ alarm, kind, at }) =>
              AlarmTypes.includes(kind) &&
              (AlarmName === undefined || alarm === AlarmName) &&
              Date.parse(at) >= (StartDate ?? 0) &&
              Date.parse(at) <= (EndDate ?? Number.POSITIVE_INFINITY),
          )
          const ordered = ScanBy === 'TimestampAscending' ? found : found.toReversed()
          const { items, nextToken } = page(ordered, MaxRecords, NextToken, 'InvalidNextToken')
          return { AlarmHistoryItems: items.map(historical), NextToken: nextToken }
        },
      ),
      PutMetricData: operation(
        z.strictObject({
          Namespace: z.string().min(1),
          MetricData: z
            .array(
              z.strictObject({ MetricName: z.string(), Dimensions, Timestamp: Time.optional(), Value: z.number() }),
            )
            .max(1_000),
        }),
        ({ Namespace, MetricData }) => {
          for (const { MetricName, Dimensions: dimensions, Timestamp, Value } of MetricData)
            metrics.put(
              { namespace: Namespace, name: MetricName, dimensions },
              Timestamp ?? clock.now().getTime(),
              Value,
            )
        },
      ),
      GetMetricData: operation(
        z.strictObject({
          MetricDataQueries: z
            .array(z.strictObject({ Id: z.string(), MetricStat }))
            .min(1)
            .max(500),
          StartTime: Time,
          EndTime: Time,
          ScanBy: z.literal('TimestampAscending'),
          MaxDatapoints: z.int().min(1).max(MAX_DATAPOINTS).default(MAX_DATAPOINTS),
          NextToken: z.string().optional(),
        }),
        ({ MetricDataQueries, StartTime, EndTime, MaxDatapoints, NextToken }) => {
          const all = MetricDataQueries.flatMap(({ Id, MetricStat: { Metric, Period, Stat } }) => {
            const { Namespace: namespace, MetricName: name, Dimensions: dimensions } = Metric
            const series = metrics.series({ namespace, name, dimensions }, StartTime, EndTime, Period * 1_000, Stat)
            return series.map(([at, value]) => ({ id: Id, at: new Date(at), value }))
          })
          const { items, nextToken } = page(all, MaxDatapoints, NextToken, 'InvalidNextToken')
          return {
            MetricDataResults: MetricDataQueries.map(({ Id }) => {
              const own = items.filter(({ id }) => id === Id)
              return {
                Id,
                Label: Id,
                Timestamps: own.map(({ at }) => at),
                Values: own.map(({ value }) => value),
                StatusCode: nextToken === undefined ? 'Complete' : 'PartialData',
              }
            }),
            NextToken: nextToken,
          }
        },
      ),
    },
  })
}

const invalid = (message: string): ApiError => new ApiError('ValidationError', message)

const described = ({ name, configuration, state, reason, transitionedAt, updatedAt }: StoredAlarm) => ({
  ...configuration,
  AlarmName: name,
  AlarmArn: `${ARN}:${name}`,
  StateValue: state,
  StateReason: reason,
  StateTransitionedTimestamp: transitionedAt,
  StateUpdatedTimestamp: updatedAt,
})

const historical = ({ alarm, kind, at, from, to, reasons }: HistoryItem) => ({
  AlarmName: alarm,
  AlarmType: kind,
  Timestamp: new Date(at),
  HistoryItemType: 'StateUpdate',
  HistorySummary: `Alarm updated from ${from} to ${to}`,
  HistoryData: JSON.stringify({
    version: '1.0',
    oldState: { stateValue: from, stateReason: reasons.from },
    newState: { stateValue: to, stateReason: reasons.to },
  }),
})
