import { CloudWatch } from '@aws-sdk/client-cloudwatch'
import { describe, expect, test } from 'vitest'
import { cloudwatchAlarms } from '#aws/alarms.ts'
import { cloudwatchService } from '#local/endpoints/cloudwatch.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { steppedClock } from '#test/support/clock.ts'

/** Enough for a busy machine. */
const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
/** For what never answers. */
const HASTY = { ...PATIENT, idleMilliseconds: 200 }

const open = async () => {
  const clock = steppedClock()
  const { faults } = await host(cloudwatchService({ directory: await scratch(), clock }))
  const cloudwatch = new CloudWatch({ maxAttempts: 1 })
  const metric = (AlarmName: string) =>
    cloudwatch.putMetricAlarm({
      AlarmName,
      Namespace: 'PgvectorSearch',
      MetricName: 'SearchLatency',
      Statistic: 'Average',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    })
  const composite = (AlarmName: string) =>
    cloudwatch.putCompositeAlarm({ AlarmName, AlarmRule: 'ALARM(a) OR ALARM(b)' })
  const set = (
    AlarmName: string,
    StateValue: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA',
    StateReason = 'Threshold crossed.',
  ) => cloudwatch.setAlarmState({ AlarmName, StateValue, StateReason })
  return { alarms: cloudwatchAlarms(PATIENT), clock, faults, metric, composite, set }
}

describe('an alarm', () => {
  test('is described with its state, the time of its change to the millisecond, and why', async () => {
    const { alarms, clock, metric, set } = await open()
    await metric('slow')
    clock.step(1_234)
    await set('slow', 'ALARM', 'Threshold Crossed: "ü" > 1')
    expect(await alarms.describe(['slow'])).toEqual([
      { name: 'slow', state: 'ALARM', since: clock.now().toISOString(), reason: 'Threshold Crossed: "ü" > 1' },
    ])
  })

  test('that is set to the state it has keeps the time of the change: copies of one change look the same', async () => {
    const { alarms, clock, metric, set } = await open()
    await metric('slow')
    await set('slow', 'ALARM')
    const [first] = await alarms.describe(['slow'])
    clock.step(600_000)
    await set('slow', 'ALARM')
    expect(await alarms.describe(['slow'])).toEqual([first])
  })

  test('is found when it is a composite one, too', async () => {
    const { alarms, composite, set } = await open()
    await composite('both')
    await set('both', 'ALARM')
    expect(await alarms.describe(['both'])).toMatchObject([{ name: 'both', state: 'ALARM' }])
    expect(await alarms.changes('both', { from: new Date(0), to: new Date('2030-01-01') })).toHaveLength(1)
  })

  test('that there is not is left out; of none that is asked for, none is described', async () => {
    const { alarms, metric } = await open()
    await metric('slow')
    expect((await alarms.describe(['slow', 'gone'])).map(({ name }) => name)).toEqual(['slow'])
    expect(await alarms.describe([])).toEqual([])
  })

  test('is found among more than one call may ask for', async () => {
    const { alarms, metric } = await open()
    const names = Array.from({ length: 205 }, (_, i) => `alarm-${i}`)
    await Promise.all(names.map(metric))
    expect((await alarms.describe(names)).map(({ name }) => name).sort()).toEqual(names.toSorted())
  })
})

describe('the history of an alarm', () => {
  test('has every change in the window, oldest first, over more than one page', async () => {
    const { alarms, clock, metric, set } = await open()
    await metric('flaps')
    await metric('other')
    await set('other', 'ALARM')
    const start = clock.now()
    for (let i = 0; i < 130; i++) {
      clock.step(1_000)
      await set('flaps', i % 2 === 0 ? 'ALARM' : 'OK')
    }
    const changes = await alarms.changes('flaps', { from: start, to: clock.now() })
    expect(changes).toHaveLength(130)
    expect(changes[0]).toEqual({
      alarm: 'flaps',
      at: new Date(start.getTime() + 1_000).toISOString(),
      from: 'INSUFFICIENT_DATA',
      to: 'ALARM',
    })
    expect(changes.map(({ at }) => at)).toEqual(changes.map(({ at }) => at).sort())
    const later = await alarms.changes('flaps', { from: new Date(start.getTime() + 129_500), to: clock.now() })
    expect(later).toMatchObject([{ from: 'ALARM', to: 'OK' }])
  })
})

describe('what cannot be read', () => {
  test.each([
    ['is gone', { reset: true }],
    ['never answers', { blackHole: true }],
    ['has an error of its own', { status: 503 }],
  ] as const)('is worth a retry when CloudWatch %s', async (_, fault) => {
    const { faults } = await open()
    faults.add({ service: 'cloudwatch', fault })
    const alarms = cloudwatchAlarms('blackHole' in fault ? HASTY : PATIENT)
    const error = { name: 'Alarms.Unreadable', category: 'unreachable' }
    await expect(alarms.describe(['slow'])).rejects.toMatchObject(error)
    await expect(alarms.changes('slow', { from: new Date(0), to: new Date() })).rejects.toMatchObject(error)
  })

  test('names the right that is missing', async () => {
    const { alarms, faults } = await open()
    faults.add({ service: 'cloudwatch', fault: { status: 403 } })
    await expect(alarms.describe(['slow'])).rejects.toMatchObject({
      name: 'Alarms.Denied',
      message: expect.stringContaining('cloudwatch:DescribeAlarms'),
    })
  })
})
