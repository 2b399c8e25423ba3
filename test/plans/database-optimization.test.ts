import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { writeTable } from '#core/plan/vocabulary.ts'
import { fixtureDatabase, type PlanWorld, planFolder, planWorld } from '#test/plans/world.ts'
import { describePostgres, type TestDatabase } from '#test/support/database.ts'

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

describePostgres('the indexes of database-optimization on a real server, as a master user that is no superuser', () => {
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

  test('phase 1, indexes: all 36 go and nothing else, one that an interrupted drop left invalid too; core queries still run, the ledger says the revision of before (OPT-22, OPT-27, OPT-28, OPT-31, OPT-32, OPT-33, OPT-34, DEF-12, DEF-55, CON-01, CON-12, CON-25)', async () => {
    const world = await start(optimised)
    await world.query(`update pg_index set indisvalid = false where indexrelid = 'public.idx_users_active'::regclass`)
    expect(await world.query(world.plan.sql['sql/optimisation-indexes.sql'] ?? '')).toContainEqual({
      table: 'users',
      index: 'idx_users_active',
      valid: false,
    })
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

  test('phase 2: the sessions that run are kept as evidence, both vector indexes go, the search has its defaults and still answers with id and score (OPT-21, OPT-45, OPT-46, OPT-47)', async () => {
    const world = await start(consolidated)
    const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-2-vector' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect(await world.query(`select name, value from public.vector_search_settings order by 1`)).toEqual([
      { name: 'hnsw.ef_search', value: 40 },
      { name: 'ivfflat.probes', value: 1 },
    ])
    expect(statuses(report?.checks)).toMatchObject({ 'search-answers': 'pass', 'no-vector-index': 'pass' })
    const kinds = report?.steps.map(({ kind }) => kind) ?? []
    expect(kinds.indexOf('preserve-evidence')).toBeLessThan(kinds.indexOf('drop-indexes'))
    expect(report?.evidence.map(({ name }) => name)).toContain('running-queries')
    // Built again by a restore, and normal service is back.
    const restored = await world.run({ path: 'restore' })
    expect(restored.report?.outcome).toBe('restored')
    expect(await indexes(world)).toHaveLength(37)
    expect(await world.flag('OPTIMIZED_QUERIES_ENABLED')).toBe('true')
  })
})
