import { CloudWatch } from '@aws-sdk/client-cloudwatch'
import { describe, expect, test } from 'vitest'
import { cloudwatchMetricHistory } from '#aws/metric-history.ts'
import type { MetricCheck } from '#core/plan/checks.ts'
import { runMetricCheck } from '#core/verify/metric-check.ts'
import { cloudwatchService } from '#local/endpoints/cloudwatch.ts'
import { FakeClock } from '#test/local/asl/fake-clock.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { planWith } from './outside-world.ts'

const NOW = new Date('2026-11-01T00:10:30Z')
const minutesAgo = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000)

/** A check of the error rate in the last five minutes, and what CloudWatch has of it: values by how long ago. */
const judged = async (
  { name = 'ErrorRate', statistic = 'Average', expect: wanted = '{ below: 1 }', since = null as Date | null },
  ...values: [minutes: number, value: number][]
) => {
  const { faults } = await host(cloudwatchService({ directory: await scratch(), clock: new FakeClock() }))
  const cloudwatch = new CloudWatch({ maxAttempts: 1 })
  for (const [minutes, Value] of values)
    await cloudwatch.putMetricData({
      Namespace: 'App',
      MetricData: [
        {
          MetricName: name.replace('{env}', 'test'),
          Dimensions: [{ Name: 'Environment', Value: 'test' }],
          Timestamp: minutesAgo(minutes),
          Value,
        },
      ],
    })
  const plan = planWith(
    `few-errors: { describe: Few errors., after: [], metric: { namespace: App, name: "${name}", dimensions: { Environment: "{env}" }, statistic: ${statistic}, window: 5m }, expect: ${wanted} }`,
  )
  const clock = { now: () => NOW, sleep: () => Promise.resolve() }
  const metricHistory = cloudwatchMetricHistory({ connectMilliseconds: 5_000, idleMilliseconds: 5_000, attempts: 1 })
  const ask = () =>
    runMetricCheck(plan.checks['few-errors'] as MetricCheck, since, { metricHistory, clock, environment: 'test' })
  return { faults, ask, verdict: await ask() }
}

describe('a check of a metric', () => {
  test('passes and fails by its figure over the whole window, not minute by minute (VEC-57, MEM-46)', async () => {
    // Two bad values in one minute, ten good ones in others: 2.5 on average, where the minutes' own average is 5.
    const bad: [number, number][] = [
      [1, 10],
      [1, 20],
    ]
    const good = Array.from({ length: 10 }, (_, i): [number, number] => [2 + (i % 2), 0])
    expect((await judged({ expect: '{ below: 2.6 }' }, ...bad, ...good)).verdict).toMatchObject({ status: 'pass' })
    expect((await judged({ expect: '{ below: 2.4 }' }, ...bad, ...good)).verdict).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(': 2.5, not below 2.4'),
    })
  })

  test('has the environment in its name where the metric of a log filter has it', async () => {
    const { verdict } = await judged({ name: 'log_{env}_app_errors', statistic: 'Sum' }, [1, 0])
    expect(verdict).toMatchObject({ status: 'pass', detail: expect.stringContaining('App/log_test_app_errors') })
  })

  test.each<[string, string, 'pass' | 'fail']>([
    ['Sum', '{ above: 29, below: 31 }', 'pass'],
    ['SampleCount', '{ above: 2 }', 'fail'],
    ['Maximum', '{ below: 20 }', 'fail'],
    ['Minimum', '{ above: 9 }', 'pass'],
    ['p95', '{ below: 20 }', 'fail'],
    ['p95', '{ above: 10 }', 'fail'],
  ])('takes the %s, expected to be %s', async (statistic, wanted, status) => {
    const { verdict } = await judged({ statistic, expect: wanted }, [1, 10], [2, 20])
    expect(verdict.status).toBe(status)
  })

  test('does not know without data, and takes none from before its window', async () => {
    expect((await judged({})).verdict).toMatchObject({ status: 'unknown', detail: expect.stringMatching(/no data$/) })
    expect((await judged({}, [7, 0])).verdict.status).toBe('unknown')
  })

  test('does not count in a watch what was before the watch began (MEM-61)', async () => {
    const since = minutesAgo(2)
    expect((await judged({ since }, [4, 50], [0.2, 0])).verdict).toMatchObject({ status: 'pass' })
    expect((await judged({ since }, [4, 0])).verdict.status).toBe('unknown')
    expect((await judged({ since: minutesAgo(0) }, [0, 0])).verdict.status).toBe('unknown')
  })

  test('does not know when CloudWatch does not answer', async () => {
    const { faults, ask } = await judged({}, [1, 0])
    faults.add({ service: 'cloudwatch', operation: 'GetMetricData', fault: { status: 503 } })
    expect((await ask()).status).toBe('unknown')
  })
})
