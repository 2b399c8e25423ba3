import { afterAll, beforeAll, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { postgres } from '#aws/postgres.ts'
import { writeBaseline } from '#core/baseline/document.ts'
import type { MetricValue } from '#core/ports.ts'
import { probe } from '#core/probe/probe.ts'
import { type ProbeSignal, planWithSignals } from '#test/core/probe/plans.ts'
import { realClock } from '#test/support/clock.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

describePostgres('probes against a recorded baseline', () => {
  const given = useEndpoints()
  let db: TestDatabase
  beforeAll(async () => {
    db = await createDatabase()
  })
  afterAll(() => db?.drop())
  const slower: Readonly<Record<string, ProbeSignal>> = {
    slower: { sql: 'select 49.5::numeric', limit: 'above: 20', unit: 'percent', more: 'baseline: recorded' },
  }
  const lookedUp = async (bucket: string) => {
    const plan = await planWithSignals(slower)
    const published: MetricValue[] = []
    const [round] = await probe(
      {},
      {
        ...{ database: postgres({ url: db.url }), objects: s3Objects(bucket), clock: realClock, environment: 'test' },
        plans: { names: async () => [plan.name], load: async () => plan },
        metrics: { publish: (_at, values) => void published.push(...values) },
        signal: new AbortController().signal,
        remaining: () => Number.POSITIVE_INFINITY,
      },
    )
    const { values } = published.find(({ name }) => name === 'slower') ?? {}
    return { ...round?.results.find(({ signal }) => signal === 'slower'), published: values }
  }

  test('are beyond their limit as soon as that is so much more than was recorded', async () => {
    await createBucket(given().endpoints.url, 'recorded')
    const recorded = (p50: number) => ({
      ...{ version: 1 as const, plan: 'small', name: 'recorded', environment: 'test', database: null },
      ...{ recordedAt: '2026-11-01T00:00:00.000Z', timings: {}, tables: [], settings: {}, unmeasured: {} },
      signals: { slower: { p50, p95: p50, samples: 1 } },
    })
    const objects = s3Objects('recorded')
    await writeBaseline(objects, recorded(40), 'refuse')
    expect(await lookedUp('recorded')).toMatchObject({ limit: { above: 48 }, breached: true, published: [49.5] })
    await writeBaseline(objects, recorded(50), 'replace')
    expect(await lookedUp('recorded')).toMatchObject({ limit: { above: 60 }, breached: false })
  })

  test('are measured and published all the same where it cannot be read, and left to their alarms', async () => {
    expect(await lookedUp('no-such-bucket')).toMatchObject({
      ...{ value: 49.5, limit: null, breached: 'unknown', error: null },
      published: [49.5],
    })
  })
})
