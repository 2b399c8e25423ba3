import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { Topic } from 'aws-cdk-lib/aws-sns'
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { healthMetric } from '#core/health/metrics.ts'
import type { RollbackFunctions } from '#infra/functions.ts'
import type { Setting } from '#infra/setting.ts'

interface HealthAlarm {
  /** Ends its name, by which `docs/operations.md` explains it. */
  readonly name: string
  readonly describe: string
  readonly metric: IMetric
  /** Fires above it. */
  readonly above: number
  readonly periods?: number
  readonly missing?: TreatMissingData
}

export interface HealthAlarmsProps {
  readonly functions: RollbackFunctions
  readonly machine: StateMachine
  readonly topic: Topic
  readonly setting: Setting
}

/**
 * Alarms on the product itself. They call people by a topic of their own, and no function: what is broken would not take the call.
 * Their names begin with `vector-rollback-health-`: the rule for alarms of the plans does not match them.
 */
export class HealthAlarms extends Construct {
  readonly alarms: readonly Alarm[]

  constructor(scope: Construct, id: string, props: HealthAlarmsProps) {
    super(scope, id)
    const { environment } = props.setting
    const action = new SnsAction(props.topic)
    this.alarms = [...ofRuns(props), ...ofFunctions(props), ...ofStaleThings(props)].map(
      ({ name, describe, metric, above, periods = 1, missing = TreatMissingData.NOT_BREACHING }) => {
        const alarm = new Alarm(this, name, {
          alarmName: `vector-rollback-health-${environment.name}-${name}`,
          alarmDescription: describe,
          metric,
          threshold: above,
          comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
          evaluationPeriods: periods,
          datapointsToAlarm: periods,
          treatMissingData: missing,
        })
        alarm.addAlarmAction(action)
        alarm.addOkAction(action)
        return alarm
      },
    )
  }
}

const MINUTE = Duration.minutes(1)
const FIVE = Duration.minutes(5)
const HOUR = Duration.hours(1)

const ofRuns = ({ machine }: HealthAlarmsProps): HealthAlarm[] => [
  {
    name: 'execution-failed',
    describe:
      'A run has failed: nobody answered it in time, or it could not go on. The system is contained. Start it again.',
    metric: machine.metricFailed({ period: MINUTE, statistic: Stats.SUM }),
    above: 0,
  },
  {
    name: 'execution-timed-out',
    describe: 'A run has taken longer than the state machine allows. The system is contained. Start it again.',
    metric: machine.metricTimedOut({ period: MINUTE, statistic: Stats.SUM }),
    above: 0,
  },
  {
    name: 'execution-aborted',
    describe: 'Somebody has stopped a run. Flags and tables stay as they were at that moment: look at its last state.',
    metric: machine.metricAborted({ period: MINUTE, statistic: Stats.SUM }),
    above: 0,
  },
]

const ofFunctions = ({ functions, setting }: HealthAlarmsProps): HealthAlarm[] => {
  const contain = functions.steps.get('contain')
  if (!contain) throw new TypeError('there is a function that contains')
  const sum = { period: MINUTE, statistic: Stats.SUM }
  const both = (a: IMetric, b: IMetric) =>
    new MathExpression({ expression: 'FILL(a, 0) + FILL(b, 0)', usingMetrics: { a, b }, period: MINUTE })
  return [
    {
      name: 'on-alarm-failing',
      describe: 'The function that alarms call has failed. AWS calls it twice more: see whether the flags are safe.',
      metric: functions.onAlarm.metricErrors(sum),
      above: 0,
    },
    {
      name: 'contain-failing',
      describe: 'Containment inside a run has failed. It is tried again: see whether the flags are safe.',
      metric: contain.metricErrors(sum),
      above: 0,
    },
    {
      name: 'containment-throttled',
      describe: 'More alarms at once than the concurrency that is kept for containment: raise containment.concurrency.',
      metric: both(functions.onAlarm.metricThrottles(sum), contain.metricThrottles(sum)),
      above: 0,
    },
    {
      name: 'dead-letters',
      describe: 'An event was given up. It lies in the queue of dead letters for two weeks.',
      metric: setting.deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE, statistic: Stats.MAXIMUM }),
      above: 0,
    },
    {
      name: 'sweep-failing',
      describe: 'The sweep for lost alarms has failed three times in a row: a lost event would not be found.',
      metric: functions.sweepAlarms.metricErrors({ period: FIVE, statistic: Stats.SUM }),
      above: 0,
      periods: 3,
    },
    {
      name: 'sweep-silent',
      describe: 'The sweep for lost alarms has not run for a quarter of an hour. Is its rule enabled?',
      metric: silent(functions.sweepAlarms.metricInvocations({ period: FIVE, statistic: Stats.SUM })),
      above: 0,
      periods: 3,
      missing: TreatMissingData.BREACHING,
    },
    {
      name: 'reminders-failing',
      describe: 'The look at open incidents has failed three times in a row: nobody is reminded.',
      metric: functions.remind.metricErrors({ period: FIVE, statistic: Stats.SUM }),
      above: 0,
      periods: 3,
    },
  ]
}

/** 1 where nothing happened in the period. */
const silent = (calls: IMetric): IMetric =>
  new MathExpression({ expression: 'IF(FILL(calls, 0) < 1, 1, 0)', usingMetrics: { calls }, period: FIVE })

const ofStaleThings = ({ setting: { environment, plans } }: HealthAlarmsProps): HealthAlarm[] =>
  plans.flatMap((plan) => {
    const metric = (which: Parameters<typeof healthMetric>[0]) => {
      const { namespace, name, dimensions } = healthMetric(which, plan, environment.name)
      return new Metric({
        namespace,
        metricName: name,
        dimensionsMap: { ...dimensions },
        period: HOUR,
        statistic: Stats.MAXIMUM,
      })
    }
    const { snapshotWithinDays } = environment
    return [
      ...(snapshotWithinDays === undefined
        ? []
        : [
            {
              name: `snapshot-age-${plan.name}`,
              describe: `The newest snapshot of ${plan.name} is older than ${snapshotWithinDays} days, or there is none.`,
              metric: metric('snapshotAge'),
              above: snapshotWithinDays,
              periods: 3,
              missing: TreatMissingData.BREACHING,
            },
          ]),
      // Only where a missing drill takes something away: elsewhere alarms go no further anyway.
      ...(environment.autonomy === 'act'
        ? [
            {
              name: `drill-overdue-${plan.name}`,
              describe: `A path of ${plan.name} has no drill that passed in time: alarms contain, and no longer act. Drill it.`,
              metric: metric('drillsOverdue'),
              above: 0,
              periods: 3,
              missing: TreatMissingData.BREACHING,
            },
          ]
        : []),
    ]
  })
