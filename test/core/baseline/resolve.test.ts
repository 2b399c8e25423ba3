import { describe, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { readBaseline, writeBaseline } from '#core/baseline/document.ts'
import { withBaselines } from '#core/baseline/resolve.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { absoluteLimit } from '#core/plan/signals.ts'
import { probesOf, unmeasured } from '#core/probe/measure.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const given = useEndpoints()
let buckets = 0
const bucket = async () => {
  const name = `baselines-${++buckets}`
  await createBucket(given().endpoints.url, name)
  return s3Objects(name)
}
const planWith = async (baseline: string): Promise<Plan> =>
  loadPlan(
    await planFolder({
      'plan.yaml': edited([
        '    above: 30\n    unit: seconds\n',
        `    baseline: ${baseline}\n    above: 20\n    unit: percent\n`,
      ]),
    }),
  )
const baseline = (name: string, p50: number, signal = 'slow') => ({
  ...{ version: 1 as const, plan: 'small', name, environment: 'prod', recordedAt: '2026-11-01T00:00:00.000Z' },
  ...{ database: null, timings: {}, tables: [], settings: {}, unmeasured: {} },
  signals: { [signal]: { p50, p95: p50, samples: 1 } },
})
const limitOf = (plan: Plan) => absoluteLimit(plan.signals.slow ?? { limit: null, baseline: undefined })

describe('a limit in percent of a recorded baseline', () => {
  test('is that much of the value under the name that the signal gives', async () => {
    const objects = await bucket()
    await writeBaseline(objects, baseline('recorded', 40), 'refuse')
    await writeBaseline(objects, baseline('release-42', 100), 'refuse')
    const of = async (name: string) => limitOf((await withBaselines(await planWith(name), objects)).plan)
    expect(await of('recorded')).toEqual({ above: 48 })
    expect(await of('release-42')).toEqual({ above: 120 })
    expect(await of('50')).toEqual({ above: 60 })
  })

  test('is an error with the command that records it, for its own signal alone, when it was never recorded', async () => {
    const objects = await bucket()
    const { plan, missing } = await withBaselines(await planWith('release-42'), objects)
    expect([...missing.keys()]).toEqual(['slow'])
    expect(missing.get('slow')).toMatchObject({
      name: 'Baseline.Missing',
      message: expect.stringContaining('vector-rollback baseline record small --name release-42'),
    })
    expect(() => limitOf(plan)).toThrow('baseline "release-42"')
  })

  test('is an error, too, when the baseline has no value of that signal, or cannot be read', async () => {
    const objects = await bucket()
    await writeBaseline(objects, baseline('recorded', 40, 'other'), 'refuse')
    await objects.write('baselines/small/torn.json', '{"version": 1}')
    const of = async (name: string) => (await withBaselines(await planWith(name), objects)).missing.get('slow')?.name
    expect(await of('recorded')).toBe('Baseline.Missing')
    expect(await of('torn')).toBe('Baseline.Unreadable')
  })
})

test('a probe whose baseline nobody has looked up is neither within its limit nor beyond it, and keeps no other from its turn', async () => {
  const [probe] = probesOf(await planWith('recorded'))
  if (!probe) throw new Error('the small plan has a probe')
  expect(unmeasured(probe, new Error('no rights'))).toMatchObject({ signal: 'slow', limit: null, breached: 'unknown' })
})

test('a baseline is written once under its name, and replaced only when that is asked for', async () => {
  const objects = await bucket()
  await writeBaseline(objects, baseline('recorded', 40), 'refuse')
  await expect(writeBaseline(objects, baseline('recorded', 50), 'refuse')).rejects.toMatchObject({
    name: 'Baseline.Exists',
    category: 'refused',
  })
  expect((await readBaseline(objects, 'small', 'recorded'))?.signals.slow?.p50).toBe(40)
  await writeBaseline(objects, baseline('recorded', 50), 'replace')
  expect((await readBaseline(objects, 'small', 'recorded'))?.signals.slow?.p50).toBe(50)
})

test('only metrics and probes may name a recorded baseline', async () => {
  const folder = planFolder({
    'plan.yaml': edited([
      '    probe: sql/slow.sql\n    above: 30\n    unit: seconds\n',
      '    log-filter: { group: "/g", pattern: "x" }\n    baseline: recorded\n    above: 20\n    unit: percent\n',
    ]),
  })
  await expect(loadPlan(await folder)).rejects.toThrow('Only metrics and probes have a recorded baseline.')
})
