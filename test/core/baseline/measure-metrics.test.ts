import { CloudWatch } from '@aws-sdk/client-cloudwatch'
import { expect, test } from 'vitest'
import { cloudwatchMetricHistory } from '#aws/metric-history.ts'
import { measureMetrics } from '#core/baseline/measure-metrics.ts'
import { loadPlan } from '#core/plan/load.ts'
import { cloudwatchService } from '#local/endpoints/cloudwatch.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { steppedClock } from '#test/support/clock.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'

const MINUTE = 60_000

test("a metric's baseline is the median of its signal's own statistic, minute by minute, in its own environment", async () => {
  const clock = steppedClock()
  await host(cloudwatchService({ directory: await scratch(), clock }))
  const cloudwatch = new CloudWatch({ maxAttempts: 1 })
  const to = clock.now()
  const from = new Date(to.getTime() - 60 * MINUTE)
  const put = (minute: number, values: readonly number[], environment: string) =>
    cloudwatch.putMetricData({
      Namespace: 'PgvectorSearch',
      MetricData: values.map((Value, second) => ({
        MetricName: 'QueryDuration',
        Dimensions: [{ Name: 'Environment', Value: environment }],
        Timestamp: new Date(from.getTime() + minute * MINUTE + second * 1_000),
        Value,
      })),
    })
  // p95 of each minute: 30, 40, 90.
  await put(0, [10, 20, 30], 'prod')
  await put(1, [40], 'prod')
  await put(2, [90, 10], 'prod')
  await put(3, [5_000], 'dev')
  const plan = await loadPlan(PLAN_FOLDER)
  const { signals, unmeasured } = await measureMetrics(
    plan,
    { from, to },
    { metricHistory: cloudwatchMetricHistory(), environment: 'prod', now: to },
  )
  expect(signals).toEqual({ 'query-regression': { p50: 40, p95: 90, samples: 3 } })
  expect(unmeasured['cpu-high']).toBe('AWS/RDS/CPUUtilization has no data in the window')
})
