import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Run } from '#core/incident/run.ts'
import type { IncidentId } from '#core/names.ts'
import type { PlanCheck } from '#core/plan/checks.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Database } from '#core/ports.ts'
import { checksAfter, verifyChecks } from '#core/verify/verification.ts'
import { embedded } from '#local/embedded.ts'
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
const ports = (database: Database, value = 'false') => ({
  database,
  flags: { read: async () => ({ value, version: 1 }), write: async () => ({ version: 2 }) },
  environment: 'prod',
  signal: new AbortController().signal,
})
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
    expect(await verifyChecks(runOf(plan), plan, ['flagIsOff', 'one'], ports(database))).toEqual({
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
    expect(await verifyChecks(runOf(plan), plan, ['flagIsOff', 'two'], ports(database))).toMatchObject({
      status: 'fail',
      detail: 'two (fail): "1", not "2"',
    })
  })

  test('is unknown without a database, and still tells what the flag is', async () => {
    const plan = await withChecks({ flagIsOff, one })
    const { status, checks } = await verifyChecks(runOf(plan), plan, ['one', 'flagIsOff'], ports(unreachable))
    expect(status).toBe('unknown')
    expect(checks.map((check) => [check.name, check.status])).toEqual([
      ['one', 'unknown'],
      ['flagIsOff', 'pass'],
    ])
  })

  test('that has a failed and an unknown check has failed', async () => {
    const plan = await withChecks({ flagIsOff, one })
    const { status, detail } = await verifyChecks(runOf(plan), plan, ['flagIsOff', 'one'], ports(unreachable, 'true'))
    expect(status).toBe('fail')
    expect(detail).toMatch(/^flagIsOff \(fail\): .*; one \(unknown\): /)
  })

  test('of nothing is unknown', async () => {
    const plan = await withChecks({})
    expect((await verifyChecks(runOf(plan), plan, [], ports(database))).status).toBe('unknown')
  })

  test('of a check that the plan does not have is unknown', async () => {
    const plan = await withChecks({ one })
    expect(await verifyChecks(runOf(plan), plan, ['one', 'own'], ports(database))).toMatchObject({
      status: 'unknown',
      detail: 'own (unknown): The plan has no check of this name.',
    })
  })

  test('in another database is unknown', async () => {
    const plan = await withChecks({ one })
    const elsewhere = { ...plan, sql: { ...plan.sql, 'sql/sentinel.sql': "select 'billing'" } }
    expect(await verifyChecks(runOf(plan), elsewhere, ['one'], ports(database))).toMatchObject({
      status: 'unknown',
      detail: expect.stringContaining('"billing"'),
    })
  })

  test('by a plan that was deployed in the middle of the run is unknown', async () => {
    const plan = await withChecks({ one })
    const run = { ...runOf(plan), planDigest: 'b'.repeat(64) as Run['planDigest'] }
    expect((await verifyChecks(run, plan, ['one'], ports(database))).status).toBe('unknown')
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
