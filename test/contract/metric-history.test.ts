import { CloudWatch } from '@aws-sdk/client-cloudwatch'
import { describe, expect, test } from 'vitest'
import { cloudwatchMetricHistory } from '#aws/metric-history.ts'
import { cloudwatchService } from '#local/endpoints/cloudwatch.ts'
import { FakeClock } from '#test/local/asl/fake-clock.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'

const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
const METRIC = { namespace: 'PgvectorSearch', name: 'QueryDuration', dimensions: { Environment: 'prod', Tier: 'a' } }
const START = new Date('2026-11-01T00:00:00Z')
const minute = (n: number): Date => new Date(START.getTime() + n * 60_000)

const open = async () => {
  const { faults } = await host(cloudwatchService({ directory: await scratch(), clock: new FakeClock() }))
  const cloudwatch = new CloudWatch({ maxAttempts: 1 })
  const put = (at: Date, value: number, environment = 'prod') =>
    cloudwatch.putMetricData({
      Namespace: METRIC.namespace,
      MetricData: [
        {
          MetricName: METRIC.name,
          Dimensions: [
            { Name: 'Tier', Value: 'a' },
            { Name: 'Environment', Value: environment },
          ],
          Timestamp: at,
          Value: value,
        },
      ],
    })
  return { metrics: cloudwatchMetricHistory(PATIENT), put, faults }
}

describe('a metric', () => {
  test.each([
    ['Average', [20, 40]],
    ['Maximum', [30, 40]],
    ['Minimum', [10, 40]],
    ['Sum', [60, 40]],
    ['SampleCount', [3, 1]],
    ['p50', [20, 40]],
    ['p95', [30, 40]],
  ])('gives its %s per period, oldest first, without periods that have no data', async (statistic, expected) => {
    const { metrics, put } = await open()
    await put(minute(7), 40)
    for (const [seconds, value] of [10, 30, 20].entries()) await put(new Date(START.getTime() + seconds * 1_000), value)
    await put(minute(1), 999, 'dev')
    expect(await metrics.series(METRIC, statistic, { from: START, to: minute(10) }, 60)).toEqual(expected)
  })

  test('without data has no values, and none from outside the window', async () => {
    const { metrics, put } = await open()
    await put(minute(20), 1)
    expect(await metrics.series(METRIC, 'Average', { from: START, to: minute(10) }, 60)).toEqual([])
    expect(await metrics.series(METRIC, 'Average', { from: minute(20), to: minute(21) }, 60)).toEqual([1])
  })

  test.each([
    [503, 'Metric.Unreadable', 'unreachable'],
    [403, 'Metric.Denied', 'refused'],
  ])('that is answered with %i is an error by name', async (status, name, category) => {
    const { metrics, faults } = await open()
    faults.add({ service: 'cloudwatch', operation: 'GetMetricData', fault: { status } })
    const reading = metrics.series(METRIC, 'Average', { from: START, to: minute(10) }, 60)
    await expect(reading).rejects.toMatchObject({ name, category })
  })
})
