import { describe, expect, test } from 'vitest'
import { absoluteLimit } from '#core/plan/signals.ts'
import { connectMetric, probeMetric } from '#core/probe/metric.ts'
import { type ProbeSignal, planWithSignals } from './plans.ts'

const metricOf = async (signal: ProbeSignal) =>
  probeMetric(await planWithSignals({ measured: signal }), 'measured', 'prod')

describe('the metric of a signal', () => {
  test('has its name, and says of which plan and environment it is', async () => {
    expect(await metricOf({ sql: 'select 1', unit: 'bytes' })).toEqual({
      namespace: 'VectorRollback',
      name: 'measured',
      dimensions: { Environment: 'prod', Plan: 'small' },
      unit: 'Bytes',
    })
  })

  test.each([
    ['seconds', 'Seconds'],
    ['milliseconds', 'Milliseconds'],
    ['percent', 'Percent'],
    ['count', 'Count'],
    ['rows', 'Count'],
    ['Percent', 'Percent'],
    ['hours', 'None'],
    ['constructor', 'Count'],
  ])('in %s is in %s', async (unit, expected) => {
    expect((await metricOf({ sql: 'select 1', unit }))?.unit).toBe(expected)
  })

  test('that is compared with a baseline is not in percent', async () => {
    expect((await metricOf({ sql: 'select 1', unit: 'percent', more: 'baseline: 40' }))?.unit).toBe('None')
  })

  test('about the connection is the one that every plan has', async () => {
    const plan = await planWithSignals({ lost: { connect: true } })
    expect(probeMetric(plan, 'lost', 'prod')).toEqual(connectMetric(plan, 'prod'))
    expect(connectMetric(plan, 'prod')).toMatchObject({ name: 'connect_failed', unit: 'Count' })
    // So that its alarm is made like that of every other signal.
    expect(plan.signals.lost && absoluteLimit(plan.signals.lost)).toEqual({ above: 0 })
  })

  test('that no probe measures is none', async () => {
    const plan = await planWithSignals({})
    expect(probeMetric(plan, 'no-such-signal', 'prod')).toBeNull()
    expect(probeMetric(plan, 'toString', 'prod')).toBeNull()
  })
})
