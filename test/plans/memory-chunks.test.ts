import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson } from '#core/json.ts'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Session } from '#core/ports.ts'
import type { RunReport } from '#core/report/model.ts'
import { startWire, type Wire } from '#test/faults/wire.ts'
import { failingChecks, firingProbes } from '#test/plans/answers.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import { startWorld, type World } from '#test/support/paths.ts'

const directory = fileURLToPath(new URL('../../plans/memory-chunks', import.meta.url))
const FLAG = '/app/test/MEMORY_ENABLED' as never
const MIGRATED = '20251019_memory_schema_rls'
const BEFORE = '20251005_conversations'
const DAY = 86_400_000
const EVERYBODY = ['devops', 'dba'].map((role) => ({ role, name: `${role} in person` }))

const start = (rows: number, through?: (url: string) => Promise<string>): Promise<World> =>
  startWorld({ plan: 'memory-chunks', rows, ...(through ? { through } : {}) })

const revisionOf = async (world: World): Promise<string[]> =>
  (await world.query<{ v: string }>('select version_num as v from public.alembic_version')).map(({ v }) => v)
const tableIsThere = async (world: World): Promise<boolean> =>
  (await world.query<{ there: boolean }>(`select to_regclass('public.memory_chunks') is not null as there`))[0]
    ?.there ?? false
const DIGEST = `
  select count(*)::int as rows, md5(string_agg(m::text, ',' order by id)) as digest from public.memory_chunks m`
const digestOf = (world: World) => world.query<{ rows: number; digest: string }>(DIGEST)

/** Milliseconds of the work of a run, without the half hour of watching. */
const worked = (report: RunReport | null): number =>
  (report?.steps ?? []).filter(({ kind }) => kind !== 'watch').reduce((sum, { ms }) => sum + ms, 0)
/** Of the plan's checks: that the application obeys is known by an echo alone, and this plan has none. */
const statuses = (report: RunReport | null) =>
  new Set(report?.checks.filter(({ name }) => !name.startsWith('delivery')).map(({ status }) => status))
const detailOf = (report: RunReport | null, kind: string) => report?.steps.find((step) => step.kind === kind)?.detail
const evidenceOf = async (world: World, incident: string, name: string): Promise<unknown> =>
  (await readJson(world.stack.objects, `${keys.seen(incident as never)}${name}.json`))?.value

const FULL = ['no-index', 'no-policy', 'revision-is-back', 'table-gone', 'table-undefined']
const RETIRED = `
  create schema out_of_reach;
  alter table public.memory_chunks set schema out_of_reach;
  alter table out_of_reach.memory_chunks rename to retired_1;
  update public.alembic_version set version_num = '${BEFORE}';`

test('the plan has no problems', async () => {
  expect(await checkPlan(directory)).toEqual([])
})

test('names the people and whom they escalate to (MEM-68, MEM-69)', async () => {
  const { contacts, escalation } = await loadPlan(directory)
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
  const { messages } = await loadPlan(directory)
  expect(messages['rolled-back']?.body).toMatch(/redeployment needs a new revision[\s\S]*R1 Phase 1/)
  expect(messages.report?.body).toMatch(/cause in the logs[\s\S]*ticket/)
})

describePostgres('the checks and probes of memory-chunks', () => {
  let world: World
  let plan: Plan
  const inSession = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    postgres({ url: world.db.url }).session({ applicationName: 'test', statementTimeout: 0 }, work)
  const failing = (moment: Parameters<typeof failingChecks>[2], change = '') =>
    inSession((session) => failingChecks(session, plan, moment, change))
  const firing = (change = '') => inSession((session) => firingProbes(session, plan, change))

  beforeAll(async () => {
    plan = await loadPlan(directory)
    world = await start(200)
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

describePostgres('memory-chunks in service', () => {
  let world: World
  let schema: string
  let rows: { rows: number; digest: string }[]
  const same = async () => {
    expect(await digestOf(world)).toEqual(rows)
    expect(await dumpSchema(world.db)).toBe(schema)
    expect(await revisionOf(world)).toEqual([MIGRATED])
  }
  beforeAll(async () => {
    world = await start(300)
    await world.stack.flags.write(FLAG, 'true')
    schema = await dumpSchema(world.db)
    rows = await digestOf(world)
    world.approvers = EVERYBODY
  })
  afterAll(() => world?.close())

  test('slow indexes: they go first, concurrently; table, rows and revision stay, and restore builds them as they were (MEM-63, DEF-70)', async () => {
    const { report, problem } = await world.run('partial')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(await digestOf(world)).toEqual(rows)
    expect(await revisionOf(world)).toEqual([MIGRATED])
    expect(await dumpSchema(world.db)).not.toBe(schema)
    expect((await world.run('restore')).problem).toBeNull()
    await same()
  })

  test('corrupt rows: the full path takes them out of reach, the snapshot from before comes in their place, and they are kept (MEM-01, MEM-64)', async () => {
    expect((await world.run('full')).problem).toBeNull()
    expect((await world.run('restore')).problem).toBeNull()
    await same()
    await world.query(`update public.memory_chunks set content = 'scrambled' where id % 7 = 0`)
    expect((await world.run('full')).problem).toBeNull()
    const { report, problem } = await world.run('restore', { snapshot: 'full-3' })
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(statuses(report)).toEqual(new Set(['pass']))
    await same()
    const kept = await world.query<{ n: number }>(`
      select count(*)::int as n from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`)
    expect(kept).toEqual([{ n: 1 }])
  })
})

describePostgres('memory-chunks right after its migration, without a row', () => {
  let world: World
  let schema: string
  beforeAll(async () => {
    world = await start(0)
    await world.stack.flags.write(FLAG, 'true')
    schema = await dumpSchema(world.db)
  })
  afterAll(() => world?.close())

  test('the full path takes the migration back within 45 seconds: no table, policy, index or revision of it is left (MEM-05, MEM-16, MEM-24, MEM-25, MEM-29, MEM-30, MEM-32, MEM-38, MEM-39, MEM-40)', async () => {
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(statuses(report)).toEqual(new Set(['pass']))
    expect(report?.checks.map(({ name }) => name)).toEqual(expect.arrayContaining(FULL))
    expect(worked(report)).toBeLessThan(45_000)
    expect(report?.steps.find(({ kind }) => kind === 'retire')).toMatchObject({ changed: true, ms: expect.any(Number) })
    expect(report?.timeline.map(({ kind }) => kind)).not.toContain('problem')
    for (const format of ['json', 'md', 'html'])
      expect(await world.stack.objects.read(`incidents/full-1/report.${format}`)).not.toBeNull()
    expect(await revisionOf(world)).toEqual([BEFORE])
    expect(await tableIsThere(world)).toBe(false)
    expect((await world.stack.flags.read(FLAG))?.value).toBe('false')
  })

  test('the record says the revision, structure, policies and indexes that were there (MEM-10, MEM-11, MEM-12, MEM-13, MEM-21)', async () => {
    expect(await evidenceOf(world, 'full-1', 'revisions')).toMatchObject({ rows: [{ version_num: MIGRATED }] })
    expect(await evidenceOf(world, 'full-1', 'policies')).toMatchObject({
      rows: [{ policy: 'memory_tenant_isolation', command: '*', enabled: true, forced: true }],
    })
    expect(await evidenceOf(world, 'full-1', 'indexes')).toMatchObject({
      rows: [
        { index: 'idx_memory_chunks_embedding_hnsw' },
        { index: 'idx_memory_chunks_embedding_ivfflat' },
        { index: 'idx_memory_chunks_user_embedding' },
        { index: 'memory_chunks_pkey' },
      ],
    })
    const [record] = await world.query<{ record: { tables: object[] } }>(
      `select record from vector_rollback_retired.retirements where id = 'full-1'`,
    )
    expect(record?.record).toMatchObject({
      tables: [{ definition: { table: { schema: 'public', name: 'memory_chunks' } } }],
      ledger: { before: MIGRATED, after: BEFORE },
    })
  })

  test('run again, it undoes no second revision (MEM-36, DEF-51)', async () => {
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.steps.find(({ kind }) => kind === 'retire')?.changed).toBe(false)
    expect(detailOf(report, 'retire')).toContain(`public.alembic_version from "${MIGRATED}" to "${BEFORE}"`)
    expect(await revisionOf(world)).toEqual([BEFORE])
  })

  test('restore brings table and revision back, byte for byte, and memory is on when the gates are attested', async () => {
    world.approvers = EVERYBODY
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(await revisionOf(world)).toEqual([MIGRATED])
    expect(await dumpSchema(world.db)).toBe(schema)
    expect((await world.stack.flags.read(FLAG))?.value).toBe('true')
  })

  test('a table that is missing is evidence, and no reason to stop looking (MEM-11, MEM-14)', async () => {
    await world.query('alter table public.memory_chunks rename to elsewhere')
    const { incident, report } = await world.run('flag')
    expect(await evidenceOf(world, incident, 'indexes')).toMatchObject({ rows: [] })
    expect(report?.evidence.map(({ status }) => status)).not.toContain('unknown')
    await world.query('alter table public.elsewhere rename to memory_chunks')
  })

  test('at another revision it is refused by name, the table stays, and people are told (MEM-04)', async () => {
    await world.query(`update public.alembic_version set version_num = '20251101_newer'`)
    const { problem, report } = await world.run('full')
    expect(problem).toMatchObject({ error: 'Ledger.OtherRevision', category: 'refused' })
    expect(report?.outcome).toBe('needs-human')
    expect(await tableIsThere(world)).toBe(true)
    expect((await world.stack.flags.read(FLAG))?.value).toBe('false')
  })
})

describePostgres('memory-chunks with 10,000 rows', () => {
  let world: World
  let schema: string
  let rows: { rows: number; digest: string }[]
  const same = async () => {
    expect(await digestOf(world)).toEqual(rows)
    expect(await dumpSchema(world.db)).toBe(schema)
    expect(await revisionOf(world)).toEqual([MIGRATED])
  }
  beforeAll(async () => {
    world = await start(10_000)
    await world.stack.flags.write(FLAG, 'true')
    schema = await dumpSchema(world.db)
    rows = await digestOf(world)
    world.approvers = EVERYBODY
  })
  afterAll(() => world?.close())

  test('the full path is done within two minutes, the retirement itself within seconds, and a sealed snapshot has every row (MEM-08, MEM-09, MEM-14, MEM-15, MEM-22, MEM-23, MEM-33)', async () => {
    expect(rows[0]?.rows).toBe(10_000)
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(worked(report)).toBeLessThan(120_000)
    expect(report?.budgets.find(({ name }) => name === 'total')).toMatchObject({ limitMs: 300_000 })
    expect(report?.snapshot?.tables).toMatchObject([{ name: 'memory_chunks', rows: 10_000 }])
    expect(report?.snapshot?.sealedAt).not.toBeNull()
    expect(report?.snapshot?.tables[0]?.bytes).toBeGreaterThan(1_000_000)
    const kinds = report?.steps.map(({ kind }) => kind) ?? []
    expect(kinds.indexOf('verify-snapshot')).toBeGreaterThan(kinds.indexOf('retire'))
    expect(await revisionOf(world)).toEqual([BEFORE])
    expect(report?.loss).toBe('No data was lost.')
  })

  test('rows are destroyed only after DevOps and DBA have heard how many, and have said yes (MEM-34, CON-27)', async () => {
    world.stack.clock.travel(8 * DAY)
    world.approvers = EVERYBODY.filter(({ role }) => role === 'dba')
    expect((await world.run('purge')).problem?.error).toBe('Approval.Missing')
    world.approvers = EVERYBODY
    const { report, problem } = await world.run('purge')
    expect(problem).toBeNull()
    expect(report?.approvals.map(({ role }) => role).sort()).toEqual(['dba', 'devops'])
    expect(report?.loss).toContain('10,000 rows')
  })

  test('a restore from the snapshot is compared with the counts of before, table by table, and brings the revision back (MEM-50, MEM-51, DEF-61)', async () => {
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(detailOf(report, 'swap-in')).toBe('1 tables, 10000 rows in place')
    await same()
  })
})

describePostgres('memory-chunks when the connection is lost in the middle', () => {
  const lose = async (when: (wire: Wire) => Promise<void>) => {
    let wire: Wire | undefined
    const world = await start(100, async (url) => {
      wire = await startWire(url)
      return wire.url
    })
    onTestFinished(async () => {
      await world.close()
      await wire?.close()
    })
    await world.stack.flags.write(FLAG, 'true')
    if (!wire) throw new Error('the world goes by way of the wire')
    const lost = when(wire).then(() => wire?.cut())
    const { report, problem } = await world.run('full')
    await lost
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(statuses(report)).toEqual(new Set(['pass']))
    expect(await revisionOf(world)).toEqual([BEFORE])
    world.approvers = EVERYBODY
    expect((await world.run('restore')).problem).toBeNull()
    expect(await revisionOf(world)).toEqual([MIGRATED])
    expect(await digestOf(world)).toMatchObject([{ rows: 100 }])
  }

  test('before the server hears of the commit: the retry does it all, once (MEM-35, MEM-36)', () =>
    lose((wire) => wire.before(['insert into "vector_rollback_retired"', 'commit'])))

  test('after it, with nobody knowing: the retry finds it done, and undoes no second revision (MEM-35, MEM-36, DEF-51)', () =>
    lose((wire) => wire.after(['insert into "vector_rollback_retired"', 'commit'])))
})

describe('nothing of this plan waits for a log without end', () => {
  test('the logs of database and application are asked over a window (MEM-42, MEM-43, DEF-68)', async () => {
    const { signals } = await loadPlan(directory)
    const logs = Object.values(signals).filter(({ source }) => source.kind === 'log-filter')
    expect(logs).toHaveLength(2)
    for (const log of logs) expect(log.for).toBeGreaterThan(0)
  })
})
