import { describe, expect, test } from 'vitest'
import { compareWith } from '#core/baseline/compare.ts'
import type { Baseline, Measurement } from '#core/baseline/document.ts'
import { spreadOf } from '#core/baseline/spread.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'

const spread = (p50: number) => ({ p50, p95: p50 * 2, samples: 19 })
const NOTHING: Measurement = { signals: {}, timings: {}, tables: [], settings: {}, unmeasured: {} }
const recorded = (more: Partial<Baseline>): Baseline => ({
  ...{ version: 1, plan: 'small', name: 'recorded', environment: 'prod', recordedAt: '2026-11-01T00:00:00.000Z' },
  ...{ database: 'db', ...NOTHING, ...more },
})
/** The small plan, whose signal `slow` is beyond its limit in this way. */
const planWith = async (limit: string): Promise<Plan> =>
  loadPlan(await planFolder({ 'plan.yaml': edited(['    above: 30\n    unit: seconds\n', limit]) }))
const RELATIVE = '    baseline: recorded\n    above: 20\n    unit: percent\n'

const slow = async (limit: string, then: number | undefined, now: number | undefined) => {
  const before = recorded({ signals: then === undefined ? {} : { slow: spread(then) } })
  const after =
    now === undefined
      ? { ...NOTHING, unmeasured: { slow: 'no rights' } }
      : { ...NOTHING, signals: { slow: spread(now) } }
  return compareWith(await planWith(limit), before, after).find(({ what }) => what === 'slow')
}

describe('a signal that is limited in percent of what was recorded', () => {
  test.each([
    [40, 48, 20, 'within'],
    [40, 48.5, 21.25, 'exceeded'],
    [40, 20, -50, 'within'],
  ])('at %d then and %d now has changed by %d percent: %s', async (then, now, percent, verdict) => {
    expect(await slow(RELATIVE, then, now)).toMatchObject({
      ...{ recorded: then, measured: now, percent, verdict },
      limit: { above: 48 },
    })
  })

  test('is unknown when it could not be measured, now or then: unknown is not within', async () => {
    expect(await slow(RELATIVE, 40, undefined)).toMatchObject({ measured: null, verdict: 'unknown' })
    expect(await slow(RELATIVE, undefined, 40)).toMatchObject({ recorded: null, verdict: 'unknown' })
  })
})

test('a number in the plan stays what the limit is in percent of, whatever was recorded', async () => {
  const limit = '    baseline: 100\n    above: 20\n    unit: percent\n'
  expect(await slow(limit, 40, 110)).toMatchObject({ percent: 175, limit: { above: 120 }, verdict: 'within' })
  expect(await slow(limit, 40, 121)).toMatchObject({ verdict: 'exceeded' })
})

test('a limit of its own is compared as it is; of what grows by itself one value says nothing', async () => {
  expect(await slow('    above: 30\n    unit: seconds\n', 10, 31)).toMatchObject({ verdict: 'exceeded', percent: 210 })
  expect(await slow('    above: 30\n    unit: seconds\n    rate: 1h\n', 10, 31)).toMatchObject({ verdict: 'within' })
  expect(await slow('    below: 5\n    unit: seconds\n', 10, 4)).toMatchObject({ verdict: 'exceeded' })
})

test('what is gone and what is new is shown, and a change from nothing has no percentage', async () => {
  const table = (name: string, rows: number, index: string) => ({
    ...{ schema: 'public', name, rows, bytes: 8192 },
    indexes: [{ schema: 'public', name: index, bytes: 0 }],
  })
  const before = recorded({ tables: [table('a', 0, 'old')], settings: { work_mem: '4MB' } })
  const after = { ...NOTHING, tables: [table('a', 5, 'new')], settings: { work_mem: '8MB' } }
  const compared = compareWith(await planWith(RELATIVE), before, after)
  const of = (what: string) => compared.find((one) => one.what === what)
  expect(of('public.a')).toMatchObject({ kind: 'rows', recorded: 0, measured: 5, percent: null })
  expect(of('index public.old')).toMatchObject({ recorded: 0, measured: null })
  expect(of('index public.new')).toMatchObject({ recorded: null, measured: 0 })
  expect(of('work_mem')).toMatchObject({ recorded: '4MB', measured: '8MB', verdict: 'within' })
})

test('what was not asked for this time is not shown as gone', async () => {
  const before = recorded({
    signals: { slow: spread(1) },
    settings: { work_mem: '4MB' },
    timings: { 'a.sql': spread(1) },
  })
  expect(compareWith(await planWith(RELATIVE), before, NOTHING)).toEqual([])
})

test('median and 95th percentile are values that were measured', () => {
  expect(spreadOf([])).toBeNull()
  expect(spreadOf([3])).toEqual({ p50: 3, p95: 3, samples: 1 })
  expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ p50: 3, p95: 5, samples: 5 })
  expect(spreadOf(Array.from({ length: 100 }, (_, i) => 100 - i))).toEqual({ p50: 50, p95: 95, samples: 100 })
})
