import { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { BEFORE, MEMORY_FOLDER, MIGRATED } from '#test/plans/memory-chunks-world.ts'
import { sqlOf } from '#test/plans/sql-checks.ts'
import { startDatabase } from '#test/plans/world.ts'
import { describePostgres } from '#test/support/database.ts'

const FULL = ['no-index', 'no-policy', 'revision-is-back', 'table-gone', 'table-undefined']
const RETIRED = `
  create schema out_of_reach;
  alter table public.memory_chunks set schema out_of_reach;
  alter table out_of_reach.memory_chunks rename to retired_1;
  update public.alembic_version set version_num = '${BEFORE}';`

test('the plan has no problems', async () => {
  expect(await checkPlan(MEMORY_FOLDER)).toEqual([])
})

test('names the people and whom they escalate to (MEM-68, MEM-69)', async () => {
  const { contacts, escalation } = await loadPlan(MEMORY_FOLDER)
  expect(contacts).toMatchObject({
    dba: { reach: ['mail: dba@company.com'] },
    devops: { reach: ['mail: devops@company.com'] },
    'on-call': { reach: [expect.stringContaining('PagerDuty')] },
  })
  expect(escalation.map(({ tell }) => tell)).toEqual([
    ['on-call', 'dba', 'devops'],
    ['database-team'],
    ['vp-engineering'],
  ])
})

test('tells the team what a rollback means for the redeployment and the phase that waits for it (MEM-31, MEM-65, MEM-67)', async () => {
  const { messages } = await loadPlan(MEMORY_FOLDER)
  expect(messages['rolled-back']?.body).toMatch(/redeployment needs a new revision[\s\S]*R1 Phase 1/)
  expect(messages.report?.body).toMatch(/cause in the logs[\s\S]*ticket/)
})

test('the logs of database and application are asked over a window (MEM-42, MEM-43, DEF-68)', async () => {
  const { signals } = await loadPlan(MEMORY_FOLDER)
  const logs = Object.values(signals).filter(({ source }) => source.kind === 'log-filter')
  expect(logs).toHaveLength(2)
  for (const log of logs) expect(log.for).toBeGreaterThan(0)
})

describePostgres('the checks and probes of memory-chunks', () => {
  let world: Awaited<ReturnType<typeof startDatabase>>
  let plan: Plan
  const asked = () => sqlOf(plan, postgres({ url: world.db.url }))
  const failing: ReturnType<typeof sqlOf>['failing'] = (...of) => asked().failing(...of)
  const firing: ReturnType<typeof sqlOf>['firing'] = (...of) => asked().firing(...of)

  beforeAll(async () => {
    plan = await loadPlan(MEMORY_FOLDER)
    world = await startDatabase('memory-chunks', 200)
  })
  afterAll(() => world?.close())

  test('those of flag, restore and re-enabling hold in the system as it is', async () => {
    for (const moment of ['flag', 'restore', 're-enable'] as const) expect(await failing(moment)).toEqual([])
  })

  test('those of full hold when the table is out of reach and the ledger says so, and only then (MEM-06, MEM-07, MEM-17, MEM-18, MEM-19, MEM-20, MEM-41)', async () => {
    expect((await failing('full')).sort()).toEqual(FULL)
    expect(await failing('full', RETIRED)).toEqual([])
  })

  test.each([
    [`${RETIRED} update public.alembic_version set version_num = '${MIGRATED}'`, ['revision-is-back']],
    [`${RETIRED} create table public.memory_chunks (id int)`, ['table-gone', 'table-undefined']],
    [`${RETIRED} create index idx_memory_chunks_user_embedding on public.conversations (user_id)`, ['no-index']],
  ])('a rollback that left this behind is noticed: %s', async (change, failed) => {
    expect((await failing('full', change)).sort()).toEqual(failed)
  })

  test('a right that is missing does not pass for a table that is gone (DEF-63)', async () => {
    const revoked = 'revoke all on public.memory_chunks from memory_chunks_app'
    expect((await failing('full', revoked)).sort()).toEqual(FULL)
  })

  test('those of partial hold without the vector indexes, and only then (MEM-63)', async () => {
    expect(await failing('partial')).toEqual(['no-vector-index'])
    const dropped = 'drop index public.idx_memory_chunks_embedding_hnsw, public.idx_memory_chunks_embedding_ivfflat'
    expect(await failing('partial', dropped)).toEqual([])
  })

  test.each([
    ['drop index public.idx_memory_chunks_user_embedding', ['indexes-valid']],
    ['alter table public.memory_chunks no force row level security', ['row-security-enforced']],
    ['alter table public.memory_chunks disable row level security', ['tenants-isolated', 'row-security-enforced']],
    [
      `drop policy memory_tenant_isolation on public.memory_chunks`,
      ['tenants-not-locked-out', 'row-security-enforced'],
    ],
    [`alter policy memory_tenant_isolation on public.memory_chunks using (false)`, ['tenants-not-locked-out']],
    [
      `alter table public.memory_chunks no force row level security;
       update public.memory_chunks set content = 'scrambled';
       alter table public.memory_chunks force row level security`,
      ['rows-intact'],
    ],
    [`update public.alembic_version set version_num = '${BEFORE}'`, ['revision-stays']],
  ])('a restore that left this behind is noticed: %s', async (change, failed) => {
    expect(await failing('restore', change)).toEqual(failed)
  })

  test('no probe fires in the system as it is', async () => {
    expect(await firing()).toEqual([])
  })

  test.each([
    [
      'blocks all',
      'alter policy memory_tenant_isolation on public.memory_chunks using (false)',
      ['tenants-locked-out: 1'],
    ],
    [
      'is gone',
      'alter table public.memory_chunks disable row level security',
      ['row-security-gap: 1', 'cross-tenant-leak: 133'],
    ],
  ])('row-level security that %s is noticed at once (MEM-02, MEM-61)', async (_what, change, fired) => {
    expect(await firing(change)).toEqual(fired)
  })

  test('rows that are not what was written are noticed at once (MEM-01)', async () => {
    const corrupt = `
      alter table public.memory_chunks no force row level security;
      update public.memory_chunks set content = content || '?' where id % 2 = 0;
      update public.memory_chunks set embedding = null where id % 2 = 1;
      alter table public.memory_chunks force row level security`
    const [fired, ...others] = await firing(corrupt)
    expect(fired).toMatch(/^data-corruption: [1-9]/)
    expect(others).toEqual([])
  })

  test('more connections than a pool of about five are noticed, by the check and by the probe (MEM-47)', async () => {
    const name = new URL(world.db.superuserUrl)
    name.searchParams.set('application_name', 'relay-api')
    const pool = Array.from({ length: 11 }, () => new Client(name.href))
    for (const client of pool) await client.connect()
    onTestFinished(async () => void (await Promise.all(pool.map((client) => client.end()))))
    expect(await failing('flag')).toEqual(['pool-is-small'])
    expect(await firing()).toEqual(['connections-high: 11'])
  })

  test('an index that is left invalid is noticed (MEM-03)', async () => {
    await world.query(`update pg_index set indisvalid = false
      where indexrelid = 'public.idx_memory_chunks_embedding_ivfflat'::regclass`)
    expect(await firing()).toEqual(['broken-index: 1'])
  })
})
