import { Duration } from 'aws-cdk-lib'
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  GraphWidgetView,
  type IWidget,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { healthMetric } from '#core/health/metrics.ts'
import type { Plan } from '#core/plan/load.ts'
import type { RollbackFunctions } from '#infra/functions.ts'
import { nameIn, type Setting } from '#infra/setting.ts'
import type { SignalAlarm } from '#infra/signal-alarms.ts'

const FULL = 24
const HALF = 12
const THIRD = 8
/** Signals of a plan on a row. */
const ABREAST = 3

export interface RollbackDashboardProps {
  readonly functions: RollbackFunctions
  readonly machine: StateMachine
  readonly signals: readonly SignalAlarm[]
  readonly health: readonly Alarm[]
  readonly setting: Setting
}

/** One page for who is on call: what is in alarm, how runs end, how fast containment is, and each signal against its limit. */
export class RollbackDashboard extends Construct {
  constructor(scope: Construct, id: string, props: RollbackDashboardProps) {
    super(scope, id)
    const { environment, plans } = props.setting
    new Dashboard(this, 'Dashboard', {
      dashboardName: nameIn(environment),
      defaultInterval: Duration.days(1),
      widgets: [...overview(props), ...plans.flatMap((plan) => ofPlan(plan, props))],
    })
  }
}

const overview = ({ functions, machine, signals, health, setting }: RollbackDashboardProps): IWidget[][] => {
  const contain = functions.steps.get('contain')
  const sum = { statistic: Stats.SUM, period: Duration.minutes(5) }
  const perPlan = (which: Parameters<typeof healthMetric>[0]) =>
    setting.plans.map((plan) => healthOf(which, plan, setting.environment.name))
  return [
    [
      new AlarmStatusWidget({ title: 'Signals', alarms: signals.map(({ alarm }) => alarm), width: HALF, height: 6 }),
      new AlarmStatusWidget({ title: 'The product itself', alarms: [...health], width: HALF, height: 6 }),
    ],
    [
      new GraphWidget({
        title: 'Runs',
        left: [
          machine.metricStarted(sum),
          machine.metricSucceeded(sum),
          machine.metricFailed(sum),
          machine.metricTimedOut(sum),
          machine.metricAborted(sum),
        ],
        width: THIRD,
      }),
      new GraphWidget({
        title: 'Seconds from alarm to contained',
        left: perPlan('timeToContain'),
        width: THIRD,
        leftYAxis: { min: 0 },
      }),
      new GraphWidget({
        title: 'Containment: milliseconds, errors, throttles',
        left: [functions.onAlarm, contain].flatMap((one) =>
          one ? [one.metricDuration({ statistic: Stats.MAXIMUM })] : [],
        ),
        right: [functions.onAlarm, contain].flatMap((one) =>
          one ? [one.metricErrors(sum), one.metricThrottles(sum)] : [],
        ),
        width: THIRD,
      }),
    ],
    [
      new GraphWidget({ title: 'Bytes of snapshots', left: perPlan('snapshotBytes'), width: THIRD }),
      new GraphWidget({
        title: 'Days since the newest snapshot',
        left: perPlan('snapshotAge'),
        width: THIRD,
        ...(setting.environment.snapshotWithinDays === undefined
          ? {}
          : { leftAnnotations: [{ value: setting.environment.snapshotWithinDays, label: 'limit' }] }),
      }),
      new GraphWidget({
        title: 'Paths whose drill is overdue',
        left: perPlan('drillsOverdue'),
        width: THIRD,
        view: GraphWidgetView.TIME_SERIES,
      }),
    ],
  ]
}

const healthOf = (which: Parameters<typeof healthMetric>[0], plan: Plan, environment: string): Metric => {
  const { namespace, name, dimensions } = healthMetric(which, plan, environment)
  return new Metric({
    namespace,
    metricName: name,
    dimensionsMap: { ...dimensions },
    statistic: Stats.MAXIMUM,
    period: Duration.hours(1),
    label: plan.name,
  })
}

const ofPlan = (plan: Plan, { signals }: RollbackDashboardProps): IWidget[][] => {
  const graphs = signals
    .filter((one) => one.plan === plan)
    .map(({ signal, alarm }) => {
      const severity = plan.signals[signal]?.severity
      return new GraphWidget({
        title: `${signal}${severity ? `, ${severity}` : ''}`,
        left: [alarm.metric],
        leftAnnotations: [alarm.toAnnotation()],
        width: THIRD,
        height: 5,
      })
    })
  const rows = Array.from({ length: Math.ceil(graphs.length / ABREAST) }, (_, i) =>
    graphs.slice(i * ABREAST, (i + 1) * ABREAST),
  )
  return [[new TextWidget({ markdown: `## ${plan.title}`, width: FULL, height: 1 })], ...rows]
}
