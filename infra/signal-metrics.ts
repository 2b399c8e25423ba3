import { createHash } from 'node:crypto'
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib'
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { CfnRule } from 'aws-cdk-lib/aws-events'
import { FilterPattern, LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Plan } from '#core/plan/load.ts'
import type { Signal } from '#core/plan/signals.ts'
import { NAMESPACE, probeMetric } from '#core/probe/metric.ts'
import { identifierOf } from '#infra/database.ts'
import type { Environment } from '#infra/environment.ts'
import { nameIn } from '#infra/setting.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/**
 * How an alarm counts the time of a signal: `periods` of `seconds`, all of them beyond the limit. CloudWatch looks back a day at most,
 * a week with periods of an hour.
 */
export interface Span {
  readonly seconds: number
  readonly periods: number
}

export const spanOf = (signal: Pick<Signal, 'for' | 'rate'>): Span => {
  const period = (): number => {
    // From one value to the next, a rate is mostly noise.
    if (signal.rate !== undefined && signal.for <= DAY) return 5 * MINUTE
    if (signal.for <= HOUR) return MINUTE
    return signal.for <= DAY ? 5 * MINUTE : HOUR
  }
  const milliseconds = period()
  return { seconds: milliseconds / 1000, periods: Math.max(1, Math.ceil(signal.for / milliseconds)) }
}

const DATABASE_NAMESPACE = 'AWS/RDS'
const DATABASE_LOGS = '/aws/rds/'

/** Whether a signal is about the database, which not every environment has. */
export const needsDatabase = ({ source }: Signal): boolean => {
  switch (source.kind) {
    case 'metric':
      return source.metric.namespace === DATABASE_NAMESPACE
    case 'log-filter':
      return source.filter.group.startsWith(DATABASE_LOGS)
    default:
      return true
  }
}

const within = (environment: Environment) => (text: string) => text.replaceAll('{env}', environment.name)

/** The worst value of a period: a canary that failed once in it has failed. */
const worst = ({ limit }: Signal): string => (limit !== null && 'below' in limit ? Stats.MINIMUM : Stats.MAXIMUM)

const rated = (metric: Metric, { rate }: Signal, period: Duration): IMetric =>
  rate === undefined
    ? metric
    : new MathExpression({
        // Per second, as CloudWatch gives it; the plan says the increase over a longer time.
        expression: `RATE(m) * ${rate / 1000}`,
        usingMetrics: { m: metric },
        label: `increase in ${rate / 1000} s`,
        period,
      })

/**
 * The metric of a signal as its alarm reads it. What has none of its own gets one: a filter of the log group, a rule for events
 * of RDS, whose matches CloudWatch counts.
 */
export const metricOf = (
  scope: Construct,
  { environment, plan, name, signal }: { environment: Environment; plan: Plan; name: string; signal: Signal },
): IMetric => {
  const { source } = signal
  const text = within(environment)
  const period = Duration.seconds(spanOf(signal).seconds)
  switch (source.kind) {
    case 'metric': {
      const { namespace, name: metricName, statistic, dimensions } = source.metric
      const dimensionsMap = Object.fromEntries(Object.entries(dimensions).map(([key, value]) => [key, text(value)]))
      return rated(new Metric({ namespace, metricName, statistic, period, dimensionsMap }), signal, period)
    }
    case 'log-filter': {
      const metricName = `log_${environment.name}_${plan.name}_${name}`
      new MetricFilter(scope, `${plan.name}-${name}-filter`, {
        logGroup: LogGroup.fromLogGroupName(scope, `${plan.name}-${name}-log`, text(source.filter.group)),
        filterPattern: FilterPattern.literal(source.filter.pattern),
        metricNamespace: NAMESPACE,
        metricName,
        metricValue: '1',
        defaultValue: 0,
      })
      return new Metric({ namespace: NAMESPACE, metricName, statistic: Stats.SUM, period })
    }
    case 'rds-event': {
      const ruleName = ruleNameOf(`${nameIn(environment)}-${plan.name}-${name}`)
      const identifier = environment.database && identifierOf(environment.database)
      new CfnRule(scope, `${plan.name}-${name}-events`, {
        name: ruleName,
        description: signal.describe.slice(0, 512),
        eventPattern: {
          source: ['aws.rds'],
          detail: {
            EventCategories: source.event.categories,
            // Instances of a cluster begin with its name.
            ...(identifier ? { SourceIdentifier: [{ prefix: identifier }] } : {}),
          },
        },
        targets: [{ id: 'kept', arn: eventLogArn(scope, environment) }],
      })
      const dimensionsMap = { RuleName: ruleName }
      return new Metric({
        namespace: 'AWS/Events',
        metricName: 'TriggeredRules',
        statistic: Stats.SUM,
        period,
        dimensionsMap,
      })
    }
    case 'probe':
    case 'connect': {
      const found = probeMetric(plan, name, environment.name)
      if (found === null) throw new TypeError(`signal "${name}" of plan "${plan.name}" is measured by a probe`)
      const { namespace, name: metricName, dimensions } = found
      return rated(
        new Metric({ namespace, metricName, statistic: worst(signal), period, dimensionsMap: { ...dimensions } }),
        signal,
        period,
      )
    }
  }
}

/** EventBridge takes 64 characters. What is cut off still tells two signals apart. */
const ruleNameOf = (name: string): string =>
  name.length <= 64 ? name : `${name.slice(0, 55)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`

/** Where events of RDS are kept: a rule counts only with a target. */
export const eventLogName = (environment: Environment): string => `/aws/events/${nameIn(environment)}`

const eventLogArn = (scope: Construct, environment: Environment): string =>
  Stack.of(scope).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: eventLogName(environment),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
