import { beforeEach, describe, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { recordDrill } from '#core/decide/drill.ts'
import { recordDecision } from '#core/decide/record.ts'
import { recordOf } from '#core/decide/record-of.ts'
import { measureHealth } from '#core/health/measure.ts'
import type { SnapshotId } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { MetricValue, Objects } from '#core/ports.ts'
import { manifestKey, partKey } from '#core/snapshot/keys.ts'
import { planWith } from '#test/core/decide/plans.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const current = useEndpoints()
const HOUR = 3_600_000
const DAY = 24 * HOUR
// The bucket says itself when something was written: a look some days later finds it that old.
const later = (milliseconds: number) => ({
  now: () => new Date(Date.now() + milliseconds),
  sleep: async () => undefined,
})

let objects: Objects
let plan: Plan
let buckets = 0

beforeEach(async () => {
  // Beyond the path full of the small plan: one that is drilled as well, and two that need no drill.
  plan = await planWith([
    { signal: 'costly', severity: 'high', path: 'partial' },
    { signal: 'odd', severity: 'low', path: 'monitor' },
    { signal: 'wrong', severity: 'low', path: 'flag' },
  ])
  const name = `health-${++buckets}`
  await createBucket(current().endpoints.url, name)
  objects = s3Objects(name)
})

const look = async (milliseconds = 0) => {
  const published: MetricValue[] = []
  const [health] = await measureHealth(
    {},
    {
      objects,
      plans: { names: async () => [plan.name], load: async () => plan },
      clock: later(milliseconds),
      environment: 'prod',
      metrics: { publish: (_at, values) => published.push(...values) },
    },
  )
  return { health, metrics: Object.fromEntries(published.map(({ name, values }) => [name, values])), published }
}

describe('the hourly look', () => {
  test('finds nothing in an empty bucket, and says of no snapshot how old it is', async () => {
    const { metrics, published } = await look()
    expect(metrics).toEqual({ snapshot_bytes: [0], drills_overdue: [2] })
    for (const { namespace, dimensions } of published)
      expect([namespace, dimensions]).toEqual(['VectorRollback', { Environment: 'prod', Plan: 'small' }])
  })

  test('tells bytes of all snapshots, and the age of the newest that is sealed', async () => {
    await objects.write(partKey(plan.name, 'a' as SnapshotId, 1), 'twelve bytes')
    expect((await look(DAY)).metrics).toMatchObject({ snapshot_bytes: [12] })
    expect((await look(DAY)).metrics.snapshot_age).toBeUndefined()
    await objects.write(manifestKey(plan.name, 'a' as SnapshotId), '{}')
    const { metrics } = await look(3 * DAY)
    expect(metrics.snapshot_bytes).toEqual([14])
    expect(metrics.snapshot_age?.[0]).toBeCloseTo(3, 1)
  })

  test('counts paths of the table whose drill is missing or too old, flags not among them', async () => {
    const drill = {
      plan: plan.name,
      planDigest: '',
      outcome: 'drill-passed',
      environment: 'test',
      incident: 'i',
    } as const
    const createdAt = new Date().toISOString()
    expect((await look()).health?.drillsOverdue.toSorted()).toEqual(['full', 'partial'])
    await recordDrill(objects, { ...drill, path: 'full', createdAt })
    expect((await look()).health?.drillsOverdue).toEqual(['partial'])
    await recordDrill(objects, { ...drill, path: 'partial', createdAt })
    expect((await look()).metrics.drills_overdue).toEqual([0])
    expect((await look(plan.drill.within + DAY)).metrics.drills_overdue).toEqual([2])
  })

  test('counts a scenario of the table by its own drill: that of the path proves nothing about it', async () => {
    const [row] = plan.decide.filter(({ path }) => path === 'partial')
    plan = { ...plan, decide: row ? [{ ...row, scenario: 'provider-switch' }] : [] }
    const drill = {
      ...{ plan: plan.name, planDigest: '', outcome: 'drill-passed' as const, environment: 'test', incident: 'i' },
      ...{ path: 'partial' as const, createdAt: new Date().toISOString() },
    }
    await recordDrill(objects, drill)
    expect((await look()).health?.drillsOverdue).toEqual(['partial/provider-switch'])
    await recordDrill(objects, { ...drill, scenario: 'provider-switch' })
    expect((await look()).health?.drillsOverdue).toEqual([])
  })

  test('tells how long each alarm of the last hour took to be contained, once', async () => {
    const now = Date.now()
    const at = (ago: number) => new Date(now - ago).toISOString()
    const decided = async (ago: number, seconds: number) => {
      const alarm = { name: 'vector-rollback-prod-small-slow', state: 'ALARM' as const, at: at(ago), reason: '' }
      const contained = { changed: true, detail: '', at: at(ago - seconds * 1000), flags: [] }
      const record = recordOf(
        { plan, occasions: [{ signal: 'slow', severity: 'critical' }] },
        alarm,
        null,
        { clock: later(-ago + seconds * 1000), environment: 'prod', autonomy: 'act' },
        { action: 'started', detail: '', contained },
      )
      await recordDecision(objects, record)
    }
    await decided(10 * 60_000, 4)
    await decided(20 * 60_000, 9)
    await decided(3 * HOUR, 30)
    expect((await look()).metrics.time_to_contain?.toSorted()).toEqual([4, 9])
    expect((await look(HOUR)).metrics.time_to_contain).toBeUndefined()
  })
})
