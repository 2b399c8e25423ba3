import { CloudWatch } from '@aws-sdk/client-cloudwatch'
import { afterAll, expect, test } from 'vitest'
import { ssmFlags } from '#aws/flags.ts'
import { s3Objects } from '#aws/objects.ts'
import type { FlagPath } from '#core/names.ts'
import { cloudwatchService } from '#local/endpoints/cloudwatch.ts'
import { type Endpoints, startEndpoints } from '#local/endpoints/server.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { decisionRecord } from '#test/core/observe/decision-records.ts'
import { scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'
import { createBucket, pointSdkAt } from '#test/support/endpoints.ts'
import { PLAN } from '#test/support/paths.ts'
import { cli } from './cli.ts'

const BUCKET = 'rollback-prod'
const PLACE = ['--bucket', BUCKET, '--environment', 'prod']
const ALARM = `vector-rollback-prod-${PLAN}-connection-failures`

let endpoints: Endpoints
let restore = () => {}

test('in AWS, the metrics of a window become a baseline, and the decisions of a week a report', async () => {
  const [alarms, parameters] = [await scratch(), await scratch()]
  const services = [
    cloudwatchService({ directory: alarms, clock: realClock }),
    ssmService({ directory: parameters, clock: realClock }),
  ]
  endpoints = await startEndpoints({ services })
  restore = pointSdkAt(endpoints.url)
  await createBucket(endpoints.url, BUCKET)
  const cloudwatch = new CloudWatch()

  await cloudwatch.putMetricData({
    Namespace: 'PgvectorSearch',
    MetricData: [
      {
        MetricName: 'QueryDuration',
        Dimensions: [{ Name: 'Environment', Value: 'prod' }],
        Value: 40,
        Timestamp: anHourAgo(),
      },
    ],
  })
  const recorded = await cli(['baseline', 'record', PLAN, '--metrics', ...PLACE])
  expect(recorded).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`baselines/${PLAN}/recorded.json, 1 signal`),
  })
  const compared = await cli(['baseline', 'compare', PLAN, '--metrics', '--json', ...PLACE])
  const signals = JSON.parse(compared.stdout).compared as { what: string; verdict: string; percent: number | null }[]
  expect(signals.find(({ what }) => what === 'query-regression')).toMatchObject({ percent: 0, verdict: 'within' })
  // Without data, a signal that has a limit is unknown, and unknown is not within.
  expect(signals.find(({ what }) => what === 'cpu-high')).toMatchObject({ verdict: 'unknown' })
  expect(compared.code).toBe(3)

  await cloudwatch.putMetricAlarm({
    ...{ AlarmName: ALARM, Namespace: 'Any', MetricName: 'Any', Statistic: 'Average', Period: 60 },
    ...{ EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' },
  })
  await cloudwatch.setAlarmState({ AlarmName: ALARM, StateValue: 'ALARM', StateReason: 'Threshold crossed.' })
  const { MetricAlarms: [alarm] = [] } = await cloudwatch.describeAlarms({ AlarmNames: [ALARM] })
  const at = alarm?.StateTransitionedTimestamp?.toISOString() ?? ''
  const { key, record } = decisionRecord({ alarm: ALARM, at, environment: 'prod', decidedAfter: 0 })
  await s3Objects(BUCKET).write(key, JSON.stringify(record))
  for (const value of ['true', 'false']) await ssmFlags().write('/app/prod/VECTOR_SEARCH_ENABLED' as FlagPath, value)
  const reported = await cli(['observe', 'report', PLAN, '--json', ...PLACE])
  expect([reported.code, JSON.parse(reported.stdout)]).toMatchObject([
    0,
    {
      environment: 'prod',
      histories: 'read',
      cases: [{ alarm: ALARM, people: { flag: 'VECTOR_SEARCH_ENABLED' }, verdict: { is: 'true' } }],
      undecided: [],
    },
  ])
})

const anHourAgo = (): Date => new Date(Date.now() - 3_600_000)

afterAll(async () => {
  restore()
  await endpoints?.close()
})
