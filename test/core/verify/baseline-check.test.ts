import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBaseline } from '#core/baseline/document.ts'
import { measureServices } from '#core/baseline/measure-services.ts'
import type { Database } from '#core/ports.ts'
import { askOutside } from '#core/verify/outside.ts'
import { verifyChecks } from '#core/verify/verification.ts'
import { embedded } from '#local/embedded.ts'
import { useEndpoints } from '#test/support/endpoints.ts'
import { serviceServer } from '#test/support/service-server.ts'
import { outsideWorld, planWith, RUN } from './outside-world.ts'

const at = useEndpoints()
const spread = (p50: number) => ({ p50, p95: p50, samples: 5 })

describe('a check against the recorded baseline', () => {
  let database: Database & { close(): Promise<void> }
  beforeAll(async () => {
    database = await embedded()
  })
  afterAll(() => database.close())

  /** The verdict about one check, after this was recorded. */
  const judged = async (
    check: string,
    recorded: { signals?: Record<string, number>; timings?: Record<string, number> } | null,
  ) => {
    const service = await serviceServer(() => ({ json: {} }))
    const world = await outsideWorld(at().endpoints.url, service.url)
    const timed = 'timed: { describe: T., http: { service: api, path: /t }, after: [re-enable] }'
    const answers = 'sql-timed: { describe: A., sql: sql/answers.sql, expect: { value: 1 }, after: [re-enable] }'
    const read = planWith([timed, answers, `compared: { describe: C., after: [], ${check} }`].join('\n'))
    const plan = { ...read, sql: { ...read.sql, 'sql/slow.sql': 'select 30', 'sql/sentinel.sql': "select 'small'" } }
    const spreads = (of: Record<string, number> = {}) =>
      Object.fromEntries(Object.entries(of).map(([key, value]) => [key, spread(value)]))
    if (recorded)
      await writeBaseline(
        world.objects,
        {
          ...{ version: 1, plan: 'small', name: 'recorded', environment: 'test', database: null },
          recordedAt: world.clock.now().toISOString(),
          signals: spreads(recorded.signals),
          timings: spreads(recorded.timings),
          ...{ tables: [], settings: {}, unmeasured: {} },
        },
        'refuse',
      )
    const checks = await askOutside(RUN, plan, ['compared'], null, world)
    const verification = await verifyChecks(RUN, plan, ['compared'], { checks }, { ...world, database })
    return { ...verification.checks[0], requests: service.requests.length }
  }

  test.each([
    ['passes within its percentage', '{ at-most-percent: 120 }', 25, 'pass'],
    ['fails beyond it', '{ at-most-percent: 119 }', 25, 'fail'],
    ['passes when it is enough', '{ at-least-percent: 100 }', 30, 'pass'],
    ['fails when it is too little', '{ at-least-percent: 100 }', 31, 'fail'],
  ])('of a probe %s (PGV-01)', async (_, wanted, then, status) => {
    const verdict = await judged(`baseline: { signal: slow }, expect: ${wanted}`, { signals: { slow: then } })
    expect(verdict).toMatchObject({ status, detail: expect.stringContaining(`30, ${then} in baseline "recorded"`) })
  })

  test('of the time of a request asks the service, three times (EMQ-74, EMQ-77, OPT-65)', async () => {
    const check = 'baseline: { check: timed }, expect: { at-most-percent: 120 }'
    const slow = await judged(check, { timings: { 'http timed': 0.000001 } })
    expect(slow).toMatchObject({ status: 'fail', requests: 3 })
    expect(await judged(check, { timings: { 'http timed': 60_000 } })).toMatchObject({ status: 'pass' })
  })

  test('of the time of a request is recorded while all is well, but not of what creates', async () => {
    let status = 200
    const service = await serviceServer(() => ({ status }))
    const world = await outsideWorld(at().endpoints.url, service.url)
    const plan = planWith(
      [
        'timed: { describe: T., http: { service: api, path: /t }, after: [re-enable] }',
        'other: { describe: O., http: { service: api, path: /o }, after: [flag] }',
        'created: { describe: C., http: { service: api, method: POST, path: /c, json: { t: "{tag}" }, cleanup: { path: "/c/{tag}" } }, after: [re-enable] }',
      ].join('\n'),
    )
    const { timings, unmeasured } = await measureServices(plan, 4, world)
    expect(timings).toEqual({ 'http timed': { p50: expect.any(Number), p95: expect.any(Number), samples: 3 } })
    expect(unmeasured).toEqual({ 'http created': 'it creates test data' })
    expect(service.requests.map(({ path }) => path)).toEqual(['/t', '/t', '/t', '/t'])
    status = 503
    const { unmeasured: failed } = await measureServices(plan, 4, world)
    expect(failed['http timed']).toContain('status 503')
  })

  test('of the time of a statement asks the database', async () => {
    const check = 'baseline: { check: sql-timed }, expect: { at-most-percent: 120 }'
    expect(await judged(check, { timings: { 'sql/answers.sql': 60_000 } })).toMatchObject({
      status: 'pass',
      requests: 0,
    })
    expect(await judged(check, { timings: { 'sql/answers.sql': 0.000001 } })).toMatchObject({ status: 'fail' })
  })

  test.each([
    ['there is none', null],
    ['it does not have the value', {}],
  ])('does not know when %s, and says how to record it', async (_, recorded) => {
    const verdict = await judged('baseline: { signal: slow }, expect: { at-most-percent: 120 }', recorded)
    expect(verdict).toMatchObject({
      status: 'unknown',
      detail: expect.stringContaining('vector-rollback baseline record small'),
    })
  })
})
