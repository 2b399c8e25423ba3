import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { rdsParameterGroups } from '#aws/rds.ts'
import { awsWorkloads } from '#aws/workloads.ts'
import { keys } from '#core/incident/keys.ts'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { writeTable } from '#core/plan/vocabulary.ts'
import { describePostgres, type TestDatabase } from '#test/support/database.ts'
import { ENVIRONMENT, fixtureDatabase, type PlanWorld, planFolder, planWorld } from './world.ts'

const PLAN = 'database-optimization'
const FOLDER = planFolder(PLAN)
const MINUTE = 60_000

/** The nine indexes of the runbook, in the order in which it drops them; the last one is of phase 2. */
const NAMED = [
  'idx_knowledge_embeddings_ivfflat',
  'idx_messages_dialog_timestamp',
  'idx_assistants_user_active_created',
  'idx_dialogs_assistant_started',
  'idx_embeddings_assistant_importance',
  'idx_users_email_active',
  'idx_documents_user_upload_date',
  'idx_user_knowledge_assistant_importance',
]

describe('the plan', () => {
  let plan: Plan
  beforeAll(async () => {
    plan = await loadPlan(FOLDER)
  })
  const steps = (scenario: string) => plan.paths.partial?.scenarios[scenario]?.steps ?? []
  const dropped = (scenario: string) =>
    steps(scenario).flatMap((step) => (step.kind === 'drop-indexes' ? step.input.indexes.map(({ name }) => name) : []))

  test('has no problems', async () => {
    expect(await checkPlan(FOLDER)).toEqual([])
  })

  test('severities, times and approvers of the matrix are data: 5, 15 and 60 minutes, and the next window (OPT-06, OPT-07, OPT-08, OPT-09, OPT-10, OPT-11, OPT-12, OPT-13, OPT-14, CON-26, CON-27)', () => {
    const rows = plan.decide.flatMap(({ when, path, within, approve, contain }) =>
      when.map((name) => ({ name, severity: plan.signals[name]?.severity, path, within, approve, contain })),
    )
    for (const { severity, within, approve, contain, path } of rows) {
      if (severity === 'critical') expect([within, approve]).toEqual([5 * MINUTE, ['executive']])
      if (severity === 'high') expect([within, approve]).toEqual([15 * MINUTE, ['database-lead']])
      if (severity === 'medium') expect([within, approve]).toEqual([60 * MINUTE, ['developer']])
      if (severity === 'low') expect([path, approve, contain]).toEqual(['monitor', [], 'no'])
      else expect(contain).toBe('immediately')
    }
    expect(new Set(rows.map(({ severity }) => severity))).toEqual(new Set(['critical', 'high', 'medium', 'low']))
    expect(plan.signals['api-errors']).toMatchObject({ limit: { above: 90 }, unit: 'percent' })
    expect(plan.signals['performance-degradation']).toMatchObject({ limit: { above: 300 }, baseline: 40 })
  })

  test('the last resort is for corrupt data alone, and slowness never takes tables away (OPT-35, CON-03, CON-05)', () => {
    const full = plan.decide.filter(({ path }) => path === 'full' || path === 'restore').flatMap(({ when }) => when)
    expect(full).toEqual(['data-corruption', 'rows-corrupt'])
  })

  test('each procedure has the time that the runbook gives it (OPT-20, OPT-29, OPT-44, OPT-48)', () => {
    const { partial, full, restore } = plan.paths
    const minutes = (name: string) => (partial?.scenarios[name]?.budget ?? 0) / MINUTE
    expect(['phase-1-code', 'phase-1-indexes', 'phase-2-vector'].map(minutes)).toEqual([5, 15, 30])
    expect([full?.budget, restore?.budget]).toEqual([60 * MINUTE, 60 * MINUTE])
  })

  test('indexes go in the order of the runbook, the vector index first (OPT-24, OPT-25, OPT-26, OPT-45)', () => {
    expect(dropped('phase-1-indexes').slice(0, 8)).toEqual(NAMED)
    expect(dropped('phase-2-vector')).toEqual(['idx_knowledge_embeddings_ivfflat', 'idx_knowledge_embeddings_hnsw'])
  })

  test('who is called, when and with which choices is data: after 15, 30 and 60 minutes (OPT-75, OPT-76, OPT-77, OPT-87)', () => {
    expect(plan.escalation.map(({ after, tell }) => [after / MINUTE, tell])).toEqual([
      [15, ['database-lead']],
      [30, ['devops-lead', 'database-lead']],
      [60, ['executive']],
    ])
    for (const { alternatives } of plan.escalation) expect(alternatives.length).toBeGreaterThanOrEqual(3)
  })

  test('the tables that are taken away are the seven that the plan protects', () => {
    expect(plan.paths.full?.retire.map(writeTable)).toEqual(plan.protects.tables.map(writeTable))
    expect(plan.paths.full?.purge.approve).toMatchObject({ roles: ['executive', 'database-lead'], people: 2 })
  })
})

describePostgres('database-optimization on a real server, as a master user that is no superuser', () => {
  let consolidated: TestDatabase
  let optimised: TestDatabase
  beforeAll(async () => {
    consolidated = await fixtureDatabase(PLAN, { rows: 300 })
    optimised = await fixtureDatabase(PLAN, { rows: 300, scenario: 'phase-1-indexes' })
  })
  afterAll(async () => {
    await consolidated?.drop()
    await optimised?.drop()
  })

  const start = async (template: TestDatabase): Promise<PlanWorld> => {
    const world = await planWorld(PLAN, template)
    onTestFinished(() => world.close())
    return world
  }
  const statuses = (checks: readonly { name: string; status: string }[] | undefined) =>
    Object.fromEntries((checks ?? []).map(({ name, status }) => [name, status]))
  const indexes = async (world: PlanWorld) =>
    (
      await world.query<{ relname: string }>(
        `select relname from pg_class where relkind = 'i' and relname like 'idx\\_%'`,
      )
    )
      .map(({ relname }) => relname)
      .sort()

  test('phase 1, indexes: all 36 go and nothing else, core queries still run, the ledger says the revision of before (OPT-22, OPT-27, OPT-28, OPT-31, OPT-32, OPT-33, OPT-34, DEF-55, CON-01, CON-12, CON-25)', async () => {
    const world = await start(optimised)
    const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-1-indexes' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect(await indexes(world)).toEqual(['idx_knowledge_embeddings_hnsw'])
    expect(await world.query(`select to_regclass('public.idxlegacy_documents_title') is not null as kept`)).toEqual([
      { kept: true },
    ])
    expect(await world.query('select version_num from public.alembic_version')).toEqual([
      { version_num: '202508230001' },
    ])
    expect(statuses(report?.checks)).toMatchObject({
      'no-optimisation-index': 'pass',
      'messages-of-dialog-counted': 'pass',
      'assistants-of-user-counted': 'pass',
      'extension-kept': 'pass',
    })
    expect(report?.budgets.find(({ name }) => name === 'total')).toMatchObject({ limitMs: 15 * MINUTE, met: true })
  })

  test('phase 1, indexes: refused with nothing changed while a later migration is the head (OPT-23, OPT-30)', async () => {
    const world = await start(consolidated)
    const before = await indexes(world)
    const { problem } = await world.run({ path: 'partial', scenario: 'phase-1-indexes' })
    expect(problem).toMatchObject({
      error: 'Verification.Failed',
      text: expect.stringContaining('phase-1-is-the-head (fail)'),
    })
    expect(await indexes(world)).toEqual(before)
    // Two heads are no state to go back from.
    await world.query(`update public.alembic_version set version_num = '803b93aca2d2'`)
    await world.query(`insert into public.alembic_version values ('aaaaaaaaaaaa')`)
    const second = await world.run({ path: 'partial', scenario: 'phase-1-indexes' })
    expect(second.problem?.error).toBe('Verification.Failed')
    expect(await indexes(world)).toEqual(before)
  })

  test('phase 2: both vector indexes go, the search has its defaults and still answers with id and score (OPT-45, OPT-46, OPT-47)', async () => {
    const world = await start(consolidated)
    const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-2-vector' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect(await world.query(`select name, value from public.vector_search_settings order by 1`)).toEqual([
      { name: 'hnsw.ef_search', value: 40 },
      { name: 'ivfflat.probes', value: 1 },
    ])
    expect(statuses(report?.checks)).toMatchObject({ 'search-answers': 'pass', 'no-vector-index': 'pass' })
    // Built again by a restore, and normal service is back.
    const restored = await world.run({ path: 'restore' })
    expect(restored.report?.outcome).toBe('restored')
    expect(await indexes(world)).toHaveLength(37)
    expect(await world.flag('OPTIMIZED_QUERIES_ENABLED')).toBe('true')
  })

  test('an index that an interrupted drop left invalid is not counted as removed, and is removed by the next run (DEF-12)', async () => {
    const world = await start(optimised)
    await world.query(`update pg_index set indisvalid = false where indexrelid = 'public.idx_users_active'::regclass`)
    const { rows } = { rows: await world.query(world.plan.sql['sql/optimisation-indexes.sql'] ?? '') }
    expect(rows).toContainEqual({ table: 'users', index: 'idx_users_active', valid: false })
    const { problem } = await world.run({ path: 'partial', scenario: 'phase-1-indexes' })
    expect([problem, await indexes(world)]).toEqual([null, ['idx_knowledge_embeddings_hnsw']])
  })

  const serviceOf = (name: string) =>
    awsWorkloads().look({ platform: 'ecs', cluster: `replyx-${ENVIRONMENT}`, service: name })

  test('phase 1, code: the recorded version is in service again, the front end was restarted, health answers (OPT-15, OPT-16, OPT-17, OPT-18, OPT-19, DEF-52, DEF-53)', async () => {
    const world = await start(consolidated)
    expect(await serviceOf('backend')).toMatchObject({ version: 'backend:42' })
    const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-1-code' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    // Not the newest version, which is the one that failed, and not a working copy: the recorded task definition.
    expect(await serviceOf('backend')).toMatchObject({ version: 'backend:41', count: 2 })
    expect(report?.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['previous-version', 'restart']))
    expect(statuses(report?.checks)).toMatchObject({ 'health-answers': 'pass', 'api-health-answers': 'pass' })
  })

  test('phase 2, settings: work_mem, max_connections and the preloaded libraries have their recorded values, and nothing reboots (OPT-49, OPT-50, DEF-09)', async () => {
    const world = await start(consolidated)
    const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-2-settings' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    const group = { of: 'instance', group: 'replyx-test' } as const
    const values = (await rdsParameterGroups().read(group))?.flatMap(({ name, value }) =>
      ['work_mem', 'max_connections', 'shared_preload_libraries'].includes(name) ? [[name, value]] : [],
    )
    expect(Object.fromEntries(values ?? [])).toEqual({
      work_mem: '8192',
      max_connections: '200',
      shared_preload_libraries: 'pg_stat_statements',
    })
    expect(await rdsParameterGroups().users(group)).toEqual([{ name: 'replyx-test', status: 'pending-reboot' }])
    expect(report?.next.join(' ')).toContain('replyx-test')
  })

  test('phase 3: the ledger is in the evidence, the migration is undone with it, and the schema is the recorded one (OPT-51, OPT-52, OPT-53)', async () => {
    const world = await start(consolidated)
    const parallel = `select proparallel from pg_proc where proname = 'search_embeddings_simple'`
    expect(await world.query(parallel)).toEqual([{ proparallel: 's' }])
    const { report, problem, incident } = await world.run({ path: 'partial', scenario: 'phase-3-migration' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect(await world.query('select version_num from public.alembic_version')).toEqual([
      { version_num: '803b93aca2d2' },
    ])
    expect(await world.query(parallel)).toEqual([{ proparallel: 'u' }])
    expect(statuses(report?.checks)).toMatchObject({ 'schema-as-recorded': 'pass', 'at-optimised-revision': 'pass' })
    const kept: string[] = []
    for await (const { key } of world.stack.objects.list(keys.captured(incident)))
      kept.push(Buffer.from((await world.stack.objects.read(key))?.body ?? []).toString('utf8'))
    expect(kept.join('\n')).toContain('202508250001')
    // Again: it is undone already.
    expect((await world.run({ path: 'partial', scenario: 'phase-3-migration' })).problem).toBeNull()
  })

  test('phase 3: a schema that is not the recorded one is noticed (OPT-53)', async () => {
    const world = await start(consolidated)
    const drift = () => world.query<{ column_name: string }>(world.plan.sql['sql/schema-drift.sql'] ?? '')
    await world.query(`set search_path = ''`)
    expect(await drift()).toEqual([])
    await world.query(
      'alter table public.dialogs alter column channel drop not null; alter table public.users add column extra int',
    )
    expect((await drift()).map(({ column_name }) => column_name).sort()).toEqual(['channel', 'extra'])
  })

  test('phase 4, pool: the pool has its recorded settings again (OPT-57)', async () => {
    const world = await start(consolidated)
    expect(await world.parameter('DB_POOL_CLASS')).toBe('QueuePool')
    const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-4-pool' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect([await world.parameter('DB_POOL_CLASS'), await world.parameter('DB_POOL_PRE_PING')]).toEqual([
      'NullPool',
      'false',
    ])
  })

  test('sessions that run are in the evidence before an index is dropped (OPT-21)', async () => {
    const world = await start(consolidated)
    const { report } = await world.run({ path: 'partial', scenario: 'phase-2-vector' })
    const kinds = report?.steps.map(({ kind }) => kind) ?? []
    expect(kinds.indexOf('preserve-evidence')).toBeLessThan(kinds.indexOf('drop-indexes'))
    expect(report?.evidence.map(({ name }) => name)).toContain('running-queries')
  })

  test('phase 4, monitoring: the monitor is stopped by its name, then view and table are out of reach and not destroyed (OPT-55, OPT-56, DEF-57, DEF-58, CON-28)', async () => {
    const world = await start(consolidated)
    const log = `select count(*)::int as n, sum(milliseconds) as total from public.`
    const before = await world.query(`${log}query_performance_log`)
    const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-4-monitoring' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    // The named service, and no process that happens to have a name in its command line.
    expect(await serviceOf('monitor-performance')).toMatchObject({ count: 0 })
    expect(await serviceOf('backend')).toMatchObject({ count: 2 })
    await expect(world.query('select from public.performance_metrics')).rejects.toMatchObject({ code: '42P01' })
    await expect(world.query('select from public.query_performance_log')).rejects.toMatchObject({ code: '42P01' })
    expect(await world.query(`${log}query_performance_log_set_aside`)).toEqual(before)
    expect((await world.query('select from public.performance_metrics_set_aside')).length).toBe(3)
    // And again: there is nothing left to do, and nothing is lost.
    expect((await world.run({ path: 'partial', scenario: 'phase-4-monitoring' })).problem).toBeNull()
    expect(await world.query(`${log}query_performance_log_set_aside`)).toEqual(before)
  })

  test('phase 4, monitoring: a performance_metrics that is a table, or a dependent that the plan does not know, is refused (DEF-58, CON-28)', async () => {
    const world = await start(consolidated)
    await world.query('create view public.slowest as select max(slowest) from public.performance_metrics')
    const unknown = await world.run({ path: 'partial', scenario: 'phase-4-monitoring' })
    expect(unknown.problem).toMatchObject({
      error: 'Verification.Failed',
      text: expect.stringContaining('nothing-needs-monitoring'),
    })
    await world.query('drop view public.slowest; drop view public.performance_metrics')
    await world.query('create table public.performance_metrics (id int)')
    const table = await world.run({ path: 'partial', scenario: 'phase-4-monitoring' })
    expect(table.problem?.text).toContain('monitoring-kinds-known')
    expect((await world.query('select from public.query_performance_log')).length).toBe(240)
  })
})
