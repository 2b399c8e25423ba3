import { Match, type Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { alarmName } from '#core/decide/decide.ts'
import type { Plan } from '#core/plan/load.ts'
import { absoluteLimit } from '#core/plan/signals.ts'
import { readPlans } from '#infra/plans.ts'
import { needsDatabase, spanOf } from '#infra/signal-metrics.ts'
import { DATABASE, synthesise } from '#test/infra/synth.ts'

let template: Template
let bare: Template
let plans: Plan[]

const Alarm = z.looseObject({
  AlarmName: z.string(),
  AlarmActions: z.array(z.unknown()).optional(),
  ComparisonOperator: z.string(),
  Threshold: z.number(),
  EvaluationPeriods: z.int(),
  DatapointsToAlarm: z.int(),
  TreatMissingData: z.string(),
  Period: z.int().optional(),
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Statistic: z.string().optional(),
  ExtendedStatistic: z.string().optional(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })).optional(),
  Metrics: z.array(z.looseObject({ Expression: z.string().optional() })).optional(),
})
type Alarm = z.output<typeof Alarm>

const alarmsOf = (of: Template): Map<string, Alarm> =>
  new Map(
    Object.values(of.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => {
      const alarm = Alarm.parse(Properties)
      return [alarm.AlarmName, alarm]
    }),
  )

const alarm = (signal: string): Alarm => {
  const found = alarmsOf(template).get(`vector-rollback-prod-pgvector-search-${signal}`)
  if (!found) throw new Error(`signal "${signal}" has no alarm`)
  return found
}

beforeAll(async () => {
  plans = await readPlans()
  const stacks = await synthesise({
    prod: { database: DATABASE, autonomy: 'act', snapshotWithinDays: 7 },
    dev: {},
  })
  const [prod, dev] = [stacks.get('vector-rollback-prod'), stacks.get('vector-rollback-dev')]
  if (!prod || !dev) throw new Error('two environments')
  template = prod
  bare = dev
})

test('every signal of every plan has one alarm, under the name that its function knows, but for those without a recorded baseline', () => {
  const names = alarmsOf(template)
  for (const plan of plans)
    for (const [name, signal] of Object.entries(plan.signals))
      expect(names.has(alarmName(plan, name, 'prod')), name).toBe(typeof signal.baseline !== 'string')
})

test('an alarm lasts as long as its plan says, is compared with the limit of the plan, and calls one function', () => {
  for (const plan of plans)
    for (const [name, signal] of Object.entries(plan.signals)) {
      const found = alarmsOf(template).get(alarmName(plan, name, 'prod'))
      if (!found) continue
      const { seconds, periods } = spanOf(signal)
      expect(found.EvaluationPeriods * seconds * 1000, name).toBeGreaterThanOrEqual(signal.for)
      expect(found.EvaluationPeriods * seconds, name).toBeLessThanOrEqual(7 * 86_400)
      expect([found.EvaluationPeriods, found.DatapointsToAlarm], name).toEqual([periods, periods])
      const limit = absoluteLimit(signal)
      const below = limit !== null && 'below' in limit
      expect(found.Threshold, name).toBe(limit === null ? 0 : below ? limit.below : limit.above)
      expect(found.ComparisonOperator, name).toBe(below ? 'LessThanThreshold' : 'GreaterThanThreshold')
      expect(found.AlarmActions, name).toEqual([{ 'Fn::GetAtt': [expect.stringContaining('onalarm'), 'Arn'] }])
    }
  // One permission for all of them: the policy of a function has a limited length.
  const permissions = template.findResources('AWS::Lambda::Permission', {
    Properties: { Principal: 'lambda.alarms.cloudwatch.amazonaws.com' },
  })
  expect(Object.keys(permissions)).toHaveLength(1)
})

describe('what an alarm reads', () => {
  test('is the metric of the plan, in this environment', () => {
    expect(alarm('cpu-high')).toMatchObject({
      Namespace: 'AWS/RDS',
      MetricName: 'CPUUtilization',
      Statistic: 'Average',
      Period: 60,
      EvaluationPeriods: 10,
      Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'pgvector-search-prod' }],
      TreatMissingData: 'missing',
    })
  })

  test('is a percentile where the plan wants one, and a percentage of a baseline as a figure', () => {
    expect(alarm('query-regression')).toMatchObject({ ExtendedStatistic: 'p95', Threshold: 48 })
    expect(alarm('memory-high')).toMatchObject({ ComparisonOperator: 'LessThanThreshold' })
    expect(alarm('memory-high').Threshold).toBeCloseTo(17_179_869_184 * 0.1, 0)
  })

  test('is what the probes publish, the worst of each minute', () => {
    expect(alarm('cross-tenant-leak')).toMatchObject({
      Namespace: 'VectorRollback',
      MetricName: 'cross-tenant-leak',
      Statistic: 'Maximum',
      EvaluationPeriods: 1,
      Dimensions: [
        { Name: 'Environment', Value: 'prod' },
        { Name: 'Plan', Value: 'pgvector-search' },
      ],
    })
    expect(alarm('no-results')).toMatchObject({ Statistic: 'Minimum', ComparisonOperator: 'LessThanThreshold' })
  })

  test('is whether the probes could connect', () => {
    expect(alarm('database-unreachable')).toMatchObject({
      MetricName: 'connect_failed',
      EvaluationPeriods: 3,
      Threshold: 0,
    })
  })

  test('is a count of lines in the log of the database, of which there may be none', () => {
    const { MetricName, Namespace, TreatMissingData, Statistic } = alarm('out-of-memory')
    expect([Statistic, TreatMissingData]).toEqual(['Sum', 'notBreaching'])
    template.hasResourceProperties('AWS::Logs::MetricFilter', {
      LogGroupName: '/aws/rds/instance/pgvector-search-prod/postgresql',
      FilterPattern: '"out of memory"',
      MetricTransformations: [
        Match.objectLike({ MetricName, MetricNamespace: Namespace, MetricValue: '1', DefaultValue: 0 }),
      ],
    })
  })

  test('is growth, where the plan limits growth: what CloudWatch says of a second, over the time of the plan', () => {
    const { Metrics, Threshold, EvaluationPeriods } = alarm('disk-growth')
    expect(Metrics?.flatMap(({ Expression }) => Expression ?? [])).toEqual(['RATE(m) * 3600'])
    expect([Threshold, EvaluationPeriods]).toEqual([5_368_709_120, 3])
  })
})

test.each([
  ['0s', 0, { seconds: 60, periods: 1 }],
  ['90s', 90_000, { seconds: 60, periods: 2 }],
  ['1h', 3_600_000, { seconds: 60, periods: 60 }],
  ['2h', 7_200_000, { seconds: 300, periods: 24 }],
  ['1d', 86_400_000, { seconds: 300, periods: 288 }],
  ['7d', 604_800_000, { seconds: 3600, periods: 168 }],
])('%s fits into what CloudWatch looks back', (_, milliseconds, expected) => {
  expect(spanOf({ for: milliseconds as never, rate: undefined })).toEqual(expected)
})

test('without a database there are no alarms on it: nobody is told every day that its data is missing', () => {
  const names = alarmsOf(bare)
  for (const plan of plans)
    for (const [name, signal] of Object.entries(plan.signals))
      if (typeof signal.baseline !== 'string')
        expect(names.has(alarmName(plan, name, 'dev')), name).toBe(!needsDatabase(signal))
  // Of the logs of applications: those of a database that there is not have none.
  const ofApplications = plans.flatMap(({ signals }) =>
    Object.values(signals).filter((signal) => signal.source.kind === 'log-filter' && !needsDatabase(signal)),
  )
  bare.resourceCountIs('AWS::Logs::MetricFilter', ofApplications.length)
})

describe('alarms on the product itself', () => {
  const health = (of: Template): string[] =>
    [...alarmsOf(of).keys()]
      .flatMap((name) => /^vector-rollback-health-(?:prod|dev)-(.+)$/.exec(name)?.[1] ?? [])
      .sort()
  const EVERYWHERE = [
    'contain-failing',
    'containment-throttled',
    'dead-letters',
    'execution-aborted',
    'execution-failed',
    'execution-timed-out',
    'on-alarm-failing',
    'reminders-failing',
    'sweep-failing',
    'sweep-silent',
  ]

  test('are there for runs, containment, dead letters and the sweep, and where they mean something for drills and snapshots', () => {
    expect(health(bare)).toEqual(EVERYWHERE)
    const stale = plans.flatMap(({ name }) => [`drill-overdue-${name}`, `snapshot-age-${name}`])
    expect(health(template)).toEqual([...EVERYWHERE, ...stale].sort())
  })

  test('call people by a topic that alarms may publish to, and roll nothing back', () => {
    for (const [name, { AlarmActions }] of alarmsOf(template))
      if (name.startsWith('vector-rollback-health-'))
        expect(AlarmActions, name).toEqual([{ Ref: expect.stringMatching(/HealthTopic/) }])
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
          }),
        ]),
      },
    })
  })

  test('take silence for an alarm where silence is the failure', () => {
    for (const name of ['sweep-silent', 'drill-overdue-pgvector-search', 'snapshot-age-pgvector-search'])
      expect(alarmsOf(template).get(`vector-rollback-health-prod-${name}`)?.TreatMissingData, name).toBe('breaching')
    expect(alarmsOf(template).get('vector-rollback-health-prod-execution-failed')?.TreatMissingData).toBe(
      'notBreaching',
    )
  })
})

test('the dashboard shows every signal against its limit, how runs end, and how fast containment was', () => {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'))
  const body = JSON.stringify(dashboard?.Properties.DashboardBody)
  for (const word of ['time_to_contain', 'snapshot_bytes', 'snapshot_age', 'drills_overdue', 'ExecutionsFailed'])
    expect(body).toContain(word)
  for (const name of ['cross-tenant-leak', 'cpu-high', 'disk-growth']) expect(body).toContain(`${name}, `)
})

test('containment has concurrency of its own, and what events could not deliver is kept', () => {
  for (const name of ['contain', 'on-alarm'])
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: `vector-rollback-prod-${name}`,
      ReservedConcurrentExecutions: 10,
    })
  const rules = Object.values(template.findResources('AWS::Events::Rule'))
  expect(rules.length).toBeGreaterThan(4)
  for (const { Properties } of rules) expect(Properties.Targets[0].DeadLetterConfig).toBeDefined()
})

describe('a person who wants to start a run finds in the outputs', () => {
  test('where, with what, and the same as one line, for every plan', () => {
    for (const { name } of plans) {
      const pascal = name.replaceAll(/(^|-)([a-z0-9])/g, (_, _dash: string, letter: string) => letter.toUpperCase())
      const input = template.findOutputs(`Input${pascal}`)[`Input${pascal}`]?.Value
      expect(JSON.parse(input)).toEqual({
        plan: name,
        path: expect.stringMatching(/^(flag|partial)$/),
        reason: 'what you see',
      })
      const line = JSON.stringify(template.findOutputs(`Start${pascal}`))
      expect(line).toContain('aws stepfunctions start-execution --region')
      expect(line).toContain(JSON.stringify(input).slice(1, -1))
    }
    expect(JSON.stringify(template.findOutputs('ConsoleUrl'))).toContain('/statemachines/view/')
  })
})
