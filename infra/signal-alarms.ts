import { Annotations } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, type IAlarmAction, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, ResourcePolicy } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { alarmName } from '#core/decide/decide.ts'
import type { Plan } from '#core/plan/load.ts'
import { absoluteLimit, missingMeans, type Signal, type SignalLimit } from '#core/plan/signals.ts'
import { nameIn, type Setting } from '#infra/setting.ts'
import { eventLogName, metricOf, needsDatabase, spanOf } from '#infra/signal-metrics.ts'

/** An alarm of a signal, and what it means. */
export interface SignalAlarm {
  readonly plan: Plan
  readonly signal: string
  readonly alarm: Alarm
}

/** CloudWatch keeps so many characters. */
const DESCRIPTION = 1024

/**
 * One alarm for each signal of the plans, under the name by which `on-alarm` knows it. Each calls the function by its action; the rule
 * of `AlarmTriggers` brings the same change by another way, and changes to OK and INSUFFICIENT_DATA by that way alone.
 */
export class SignalAlarms extends Construct {
  readonly alarms: readonly SignalAlarm[]

  constructor(scope: Construct, id: string, props: { readonly onAlarm: LambdaFunction; readonly setting: Setting }) {
    super(scope, id)
    const { setting } = props
    // The permission stands with the triggers, once for all alarms of the account: one each would outgrow the function's policy.
    const action: IAlarmAction = { bind: () => ({ alarmActionArn: props.onAlarm.functionArn }) }
    if (setting.environment.database) this.#keepEvents(setting)
    this.alarms = setting.plans.flatMap((plan) =>
      Object.entries(plan.signals).flatMap(([name, signal]): SignalAlarm[] => {
        const limit = this.#limitOf(plan, name, signal, setting)
        if (limit === undefined) return []
        const alarm = this.#alarm(plan, name, signal, { limit, setting })
        alarm.addAlarmAction(action)
        return [{ plan, signal: name, alarm }]
      }),
    )
  }

  #alarm(
    plan: Plan,
    name: string,
    signal: Signal,
    { limit, setting: { environment } }: { limit: SignalLimit; setting: Setting },
  ): Alarm {
    const { periods } = spanOf(signal)
    const below = limit !== null && 'below' in limit
    return new Alarm(this, `${plan.name}-${name}`, {
      alarmName: alarmName(plan, name, environment.name),
      alarmDescription: `${signal.describe} (${plan.title}, ${signal.severity})`.slice(0, DESCRIPTION),
      metric: metricOf(this, { environment, plan, name, signal }),
      // An event has no limit: it has happened, or not.
      threshold: limit === null ? 0 : below ? limit.below : limit.above,
      comparisonOperator: below ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      // It must last as long as the plan says: all of them.
      datapointsToAlarm: periods,
      treatMissingData: missingMeans(signal) === 'ignore' ? TreatMissingData.NOT_BREACHING : TreatMissingData.MISSING,
    })
  }

  /** `undefined` for an alarm that cannot be made here; whoever deploys is told why. */
  #limitOf(plan: Plan, name: string, signal: Signal, { environment }: Setting): SignalLimit | undefined {
    if (needsDatabase(signal) && !environment.database) return undefined
    const { baseline } = signal
    if (typeof baseline !== 'string') return absoluteLimit(signal)
    const recorded = environment.baselines[plan.name]?.[name]
    if (recorded !== undefined) return absoluteLimit({ limit: signal.limit, baseline: recorded })
    Annotations.of(this).addWarningV2(
      `vector-rollback:baseline:${plan.name}:${name}`,
      `No alarm for signal "${name}" of plan "${plan.name}" in ${environment.name}: its limit is in percent of baseline "${baseline}". Record it, and put its p50 into context.environments.${environment.name}.baselines.${plan.name}.${name} of cdk.json.`,
    )
    return undefined
  }

  /** Events of RDS that a plan names are kept where a rule may write. */
  #keepEvents({ environment, plans, stack }: Setting): void {
    const wanted = plans.some(({ signals }) => Object.values(signals).some(({ source }) => source.kind === 'rds-event'))
    if (!wanted) return
    const group = new LogGroup(this, 'Events', {
      logGroupName: eventLogName(environment),
      retention: environment.retention.logs,
    })
    const rules = stack.formatArn({ service: 'events', resource: 'rule', resourceName: `${nameIn(environment)}-*` })
    const allow = (action: string, conditions = {}) =>
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com'), new ServicePrincipal('delivery.logs.amazonaws.com')],
        actions: [action],
        resources: [group.logGroupArn],
        conditions,
      })
    new ResourcePolicy(this, 'EventsPolicy', {
      policyStatements: [
        // Streams are made in nobody's name: a condition on the rule would be met by none.
        allow('logs:CreateLogStream'),
        allow('logs:PutLogEvents', { ArnLike: { 'aws:SourceArn': rules } }),
      ],
    })
  }
}
