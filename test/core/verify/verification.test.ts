import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Run } from '#core/incident/run.ts'
import type { IncidentId } from '#core/names.ts'
import type { PlanCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Database, MetricHistory, Objects, Services } from '#core/ports.ts'
import { askOutside } from '#core/verify/outside.ts'
import { checksAfter, verifyChecks } from '#core/verify/verification.ts'
import { embedded } from '#local/embedded.ts'
import { realClock } from '#test/support/clock.ts'
import { checkOf, planOf } from './checks.ts'

const flagIsOff: PlanCheck = { kind: 'flag', describe: 'The flag is off.', after: ['flag'], flag: 'SEARCH', is: 'safe' }
const one = checkOf({ kind: 'value', value: '1' })
const two = checkOf({ kind: 'value', value: '2' })

const withChecks = async (checks: Readonly<Record<string, PlanCheck>>): Promise<Plan> => ({
  ...(await planOf('select 1')),
  checks,
})
const runOf = (plan: Plan): Run => ({
  plan: plan.name,
  planDigest: plan.digest,
  incident: 'incident-1' as IncidentId,
  execution: 'arn',
  epoch: 1,
  path: 'flag',
  drill: false,
})
/** Nothing of it is asked in these tests. */
const unused = <T>() => ({}) as T

/** As the state machine does it: what needs no database first, and joined with the rest. */
const verify = async (run: Run, plan: Plan, names: readonly string[], database: Database, value = 'false') => {
  const common = {
    objects: unused<Objects>(),
    clock: realClock,
    environment: 'prod',
    signal: new AbortController().signal,
  }
  const checks = await askOutside(run, plan, names, null, {
    ...common,
    flags: { read: async () => ({ value, version: 1 }), write: async () => ({ version: 2 }) },
    services: unused<Services>(),
    serviceUrls: {},
    metricHistory: unused<MetricHistory>(),
  })
  return verifyChecks(run, plan, names, { checks }, { ...common, database })
}
/** Nobody listens on port 1 of loopback. */
const unreachable = postgres({ url: 'postgresql://nobody@127.0.0.1:1/nothing' })

describe('a verification', () => {
  let database: Awaited<ReturnType<typeof embedded>>
  beforeAll(async () => {
    database = await embedded()
  })
  afterAll(() => database.close())

  test('passes when every check does', async () => {
    const plan = await withChecks({ flagIsOff, one })
    expect(await verify(runOf(plan), plan, ['flagIsOff', 'one'], database)).toEqual({
      status: 'pass',
      detail: '2 of 2 checks pass',
      checks: [
        { name: 'flagIsOff', describe: 'The flag is off.', status: 'pass', detail: '"false", version 1' },
        { name: 'one', describe: 'A promise.', status: 'pass', detail: '"1"' },
      ],
    })
  })

  test('fails by one check that fails, and names it and what it saw', async () => {
    const plan = await withChecks({ flagIsOff, two })
    expect(await verify(runOf(plan), plan, ['flagIsOff', 'two'], database)).toMatchObject({
      status: 'fail',
      detail: 'two (fail): "1", not "2"',
    })
  })

  test('is unknown without a database, and still tells what the flag is', async () => {
    const plan = await withChecks({ flagIsOff, one })
    const { status, checks } = await verify(runOf(plan), plan, ['one', 'flagIsOff'], unreachable)
    expect(status).toBe('unknown')
    expect(checks.map((check) => [check.name, check.status])).toEqual([
      ['one', 'unknown'],
      ['flagIsOff', 'pass'],
    ])
  })

  test('that has a failed and an unknown check has failed', async () => {
    const plan = await withChecks({ flagIsOff, one })
    const { status, detail } = await verify(runOf(plan), plan, ['flagIsOff', 'one'], unreachable, 'true')
    expect(status).toBe('fail')
    expect(detail).toMatch(/^flagIsOff \(fail\): .*; one \(unknown\): /)
  })

  test('of nothing is unknown', async () => {
    const plan = await withChecks({})
    expect((await verify(runOf(plan), plan, [], database)).status).toBe('unknown')
  })

  test('of a check that the plan does not have is unknown', async () => {
    const plan = await withChecks({ one })
    expect(await verify(runOf(plan), plan, ['one', 'own'], database)).toMatchObject({
      status: 'unknown',
      detail: 'own (unknown): The plan has no check of this name.',
    })
  })

  test('does not know what nobody has asked outside the database', async () => {
    const plan = await withChecks({ flagIsOff, one })
    const ports = { database, objects: unused<Objects>(), clock: realClock, signal: new AbortController().signal }
    expect(await verifyChecks(runOf(plan), plan, ['one', 'flagIsOff'], null, ports)).toMatchObject({
      status: 'unknown',
      detail: 'flagIsOff (unknown): It was not asked.',
    })
  })

  test('takes no word from outside for a check of the database', async () => {
    const plan = await withChecks({ two })
    const ports = { database, objects: unused<Objects>(), clock: realClock, signal: new AbortController().signal }
    const outside = { checks: { two: { status: 'pass' as const, detail: 'so they say' } } }
    expect((await verifyChecks(runOf(plan), plan, ['two'], outside, ports)).status).toBe('fail')
  })

  test('in another database is unknown', async () => {
    const plan = await withChecks({ one })
    const elsewhere = { ...plan, sql: { ...plan.sql, 'sql/sentinel.sql': "select 'billing'" } }
    expect(await verify(runOf(plan), elsewhere, ['one'], database)).toMatchObject({
      status: 'unknown',
      detail: expect.stringContaining('"billing"'),
    })
  })

  test('by a plan that was deployed in the middle of the run is unknown', async () => {
    const plan = await withChecks({ one })
    const run = { ...runOf(plan), planDigest: 'b'.repeat(64) as Run['planDigest'] }
    expect((await verify(run, plan, ['one'], database)).status).toBe('unknown')
    const flag = await withChecks({ flagIsOff })
    expect((await verify(run, flag, ['flagIsOff'], database)).status).toBe('unknown')
  })
})

test('the checks of a moment are those that name it, in the order of the plan', async () => {
  const plan = await withChecks({
    one: { ...one, after: ['full', 're-enable'] },
    flagIsOff,
    two: { ...two, after: [] },
  })
  expect(checksAfter(plan, 'flag')).toEqual(['flagIsOff'])
  expect(checksAfter(plan, 're-enable')).toEqual(['one'])
  expect(checksAfter(plan, 'purge')).toEqual([])
})
