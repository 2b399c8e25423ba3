import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { checkPlan } from '#core/plan/check.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { describePostgres, postgresBin, type TestDatabase } from '#test/support/database.ts'
import { fixtureDatabase, type PlanWorld, planFolder, planWorld } from './world.ts'

const PLAN = 'database-optimization'
const FOLDER = planFolder(PLAN)
const run = promisify(execFile)

/** What a command of the runbook comes to: its exit code and what it said of an error. */
const outcome = (command: string, args: string[]): Promise<{ code: number; stderr: string }> =>
  run(postgresBin === null ? command : join(postgresBin, command), args).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: { code?: number; stderr?: string }) => ({ code: error.code ?? -1, stderr: error.stderr ?? String(error) }),
  )

/** Problems of the plan with another text in one of its files; an empty text is no file. */
const problemsWith = async (file: string, change: (text: string) => string): Promise<string[]> => {
  const parent = await mkdtemp(join(tmpdir(), 'vector-rollback-plan-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, PLAN)
  await cp(FOLDER, folder, { recursive: true })
  const before = await readFile(join(folder, file), 'utf8')
  const text = change(before)
  expect(text).not.toBe(before)
  if (text === '') await rm(join(folder, file))
  else await writeFile(join(folder, file), text)
  return (await checkPlan(folder)).map((problem) => `${problem.file}: ${problem.message}`)
}

const SOME = ['idx_users_email_active', 'idx_documents_user_upload_date']

describe('what the runbook of database-optimization says and cannot work is refused before it is deployed', () => {
  let plan: Plan
  beforeAll(async () => {
    plan = await loadPlan(FOLDER)
  })

  test('a file of the rollback or of its checks that is missing, or that PostgreSQL cannot parse, is found beforehand (OPT-85, OPT-86)', async () => {
    expect(await problemsWith('sql/optimisation-indexes.sql', () => '')).toEqual([
      expect.stringContaining('"sql/optimisation-indexes.sql"'),
    ])
    expect(await problemsWith('sql/reset-search-settings.sql', () => 'selekt 1;')).toEqual([
      expect.stringContaining('PostgreSQL cannot parse this'),
    ])
  })

  test('what is dropped and what is looked for afterwards is one recorded list of 36, not a pattern (DEF-54)', () => {
    const text = plan.sql['sql/optimisation-indexes.sql'] ?? ''
    const looked = [...text.matchAll(/'(idx_\w+)'/g)].map(([, name]) => name)
    const steps = plan.paths.partial?.scenarios['phase-1-indexes']?.steps ?? []
    const dropped = steps.flatMap((step) => (step.kind === 'drop-indexes' ? step.input.indexes : []))
    expect(looked).toEqual(dropped.map(({ name }) => name))
    expect(new Set(looked).size).toBe(36)
    expect(text).not.toMatch(/\blike\b/i)
  })

  test('several statements in the file of one check are refused, and so is a check that only prints (DEF-31, DEF-56)', async () => {
    const two = 'select pg_catalog.count(*) from public.users;\nselect pg_catalog.count(*) from public.assistants;\n'
    expect(await problemsWith('sql/users-rows.sql', () => two)).toEqual([expect.stringContaining('sql/users-rows.sql')])
    const printing = (text: string) =>
      text.replace('sql: sql/server-version.sql\n    expect: { at-least: 150000 }', 'sql: sql/server-version.sql')
    expect(await problemsWith('plan.yaml', printing)).toEqual([expect.stringContaining('plan.yaml')])
  })

  test('CASCADE, and a DROP TABLE that no snapshot goes before, are refused in the files of steps (DEF-58)', async () => {
    const file = 'sql/set-monitoring-aside.sql'
    expect(await problemsWith(file, () => 'drop view if exists public.performance_metrics cascade;')).toEqual([
      expect.stringContaining('CASCADE takes along whatever depends on it'),
    ])
    expect(await problemsWith(file, () => 'drop table if exists public.query_performance_log;')).toEqual([
      expect.stringContaining('This destroys rows without a snapshot and without approval.'),
    ])
  })

  test('several DROP INDEX CONCURRENTLY in one file are refused: the step sends each by itself (DEF-10)', async () => {
    const both = SOME.map((name) => `drop index concurrently if exists public.${name};`).join('\n')
    const problems = await problemsWith('sql/reset-search-settings.sql', () => both)
    expect(problems[0]).toContain('PostgreSQL refuses this inside a transaction.')
    const alone = await problemsWith('sql/reset-search-settings.sql', () => `--! no-transaction\n${both}`)
    expect(alone[0]).toContain('A file without a transaction has one statement')
  })

  test('the files of migrations are not written anew: people attest that they are those of the tagged commit before the way back is done (DEF-59)', () => {
    const gates = plan.paths.restore?.reEnable.gates ?? []
    expect(gates.some((gate) => /migration files .* tagged commit/.test(gate))).toBe(true)
  })
})

describePostgres('what the runbook of database-optimization says and cannot work, on a real server', () => {
  let template: TestDatabase
  let world: PlanWorld
  beforeAll(async () => {
    template = await fixtureDatabase(PLAN, { rows: 200, scenario: 'phase-1-indexes' })
    world = await planWorld(PLAN, template)
  })
  afterAll(async () => {
    await world?.close()
    await template?.drop()
  })
  const asMaster = (...args: string[]) => outcome('psql', ['-X', '-q', ...args, world.db.url])
  const leftOver = () => world.query<{ index: string }>(world.plan.sql['sql/optimisation-indexes.sql'] ?? '')

  test('pg_restore takes no plain dump, which is why the backup is a snapshot of this program (DEF-03)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vector-rollback-dump-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const dump = join(folder, 'pre_optimization_backup.sql')
    expect(await outcome('pg_dump', ['--schema-only', '-t', 'public.users', '-f', dump, world.db.url])).toMatchObject({
      code: 0,
    })
    const restored = await outcome('pg_restore', ['--clean', '--if-exists', '--dbname', world.db.url, dump])
    expect(restored).toMatchObject({ code: 1, stderr: expect.stringContaining('text format dump') })
  })

  test('psql carries on after an error and says 0; a file of the plan stops at it, and nothing of it stays (DEF-05, OPT-88)', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'vector-rollback-psql-')), 'rollback_indexes.sql')
    onTestFinished(() => rm(file, { force: true }))
    await writeFile(file, 'select 1 from public.nothing_like_it; create table public.went_on (id int);')
    expect(await asMaster('-f', file)).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing_like_it') })
    expect(await world.query(`select to_regclass('public.went_on') is not null as there`)).toEqual([{ there: true }])
    await world.query('drop table public.went_on')

    // The second statement of the step's file fails, since the name is taken: the first is taken back.
    await world.query('create table public.query_performance_log_set_aside (id int)')
    const { problem } = await world.run({ path: 'partial', scenario: 'phase-4-monitoring' })
    expect(problem?.text).toContain('query_performance_log_set_aside')
    expect(await world.query(`select to_regclass('public.performance_metrics') is not null as there`)).toEqual([
      { there: true },
    ])
    await world.query('drop table public.query_performance_log_set_aside')
  })

  test('ALTER SYSTEM RESET is denied to a master that is no superuser, as on RDS (DEF-09)', async () => {
    for (const setting of ['shared_preload_libraries', 'max_connections', 'work_mem'])
      expect(await asMaster('-v', 'ON_ERROR_STOP=1', '-c', `alter system reset ${setting}`)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('permission denied'),
      })
  })

  test('two DROP INDEX CONCURRENTLY in one string fail, and drop neither (DEF-10)', async () => {
    const both = SOME.map((name) => `drop index concurrently if exists public.${name}`).join('; ')
    expect(await asMaster('-c', both)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot run inside a transaction block'),
    })
    expect((await leftOver()).map(({ index }) => index)).toEqual(expect.arrayContaining(SOME))
  })

  test('a bare underscore counts an index of before as left over, and three patterns miss most of the 36 (DEF-07, DEF-54)', async () => {
    const own = await planWorld(PLAN, template)
    onTestFinished(() => own.close())
    const count = async (where: string) =>
      (await own.query<{ n: number }>(`select count(*)::int as n from pg_indexes where ${where}`))[0]?.n
    for (const name of [
      'idx_users_email_active',
      'idx_assistants_user_active_created',
      'idx_knowledge_embeddings_ivfflat',
    ])
      await own.query(`drop index public.${name}`)
    const patterns = ['idx_users_email_active', 'idx_assistants_user_active', 'idx_knowledge_embeddings_ivfflat']
    expect(await count(patterns.map((name) => `indexname like '${name}%'`).join(' or '))).toBe(0)
    const left = await own.query<{ index: string }>(own.plan.sql['sql/optimisation-indexes.sql'] ?? '')
    expect(left).toHaveLength(33)
    expect(await count(`indexname like 'idx_%' and indexname = 'idxlegacy_documents_title'`)).toBe(1)
    expect(left.map(({ index }) => index)).not.toContain('idxlegacy_documents_title')
  })

  test('an index that an interrupted drop left invalid is not counted as removed (DEF-12)', async () => {
    await world.query(`update pg_index set indisvalid = false where indexrelid = 'public.idx_users_active'::regclass`)
    expect(await leftOver()).toContainEqual({ table: 'users', index: 'idx_users_active', valid: false })
    await world.query(`update pg_index set indisvalid = true where indexrelid = 'public.idx_users_active'::regclass`)
  })

  test('an empty answer is no pass: the checks of core tables want rows (DEF-31)', async () => {
    const asked = (name: string) => world.query<Record<string, string>>(world.plan.sql[name] ?? '')
    const expected = { tables: 7 }
    expect(await asked('sql/core-tables.sql')).toEqual([expected])
    await world.query('begin; delete from public.knowledge_embeddings')
    expect(await asked('sql/core-tables.sql')).toEqual([{ tables: 6 }])
    await world.query('rollback')
  })
})
