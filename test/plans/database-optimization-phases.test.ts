import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { rdsParameterGroups } from '#aws/rds.ts'
import { awsWorkloads } from '#aws/workloads.ts'
import { keys } from '#core/incident/keys.ts'
import { loadPlan } from '#core/plan/load.ts'
import {
  ENVIRONMENT,
  fixtureDatabase,
  type PlanWorld,
  planFolder,
  planWorld,
  startDatabase,
} from '#test/plans/world.ts'
import { describePostgres, type TestDatabase } from '#test/support/database.ts'

const PLAN = 'database-optimization'
const FOLDER = planFolder(PLAN)

describePostgres(
  'services, settings and migrations of database-optimization on a real server, as a master user that is no superuser',
  () => {
    let consolidated: TestDatabase
    beforeAll(async () => {
      consolidated = await fixtureDatabase(PLAN, { rows: 100 })
    })
    afterAll(() => consolidated?.drop())

    const start = async (): Promise<PlanWorld> => {
      const world = await planWorld(PLAN, consolidated)
      onTestFinished(() => world.close())
      return world
    }
    const statuses = (checks: readonly { name: string; status: string }[] | undefined) =>
      Object.fromEntries((checks ?? []).map(({ name, status }) => [name, status]))
    const serviceOf = (name: string) =>
      awsWorkloads().look({ platform: 'ecs', cluster: `replyx-${ENVIRONMENT}`, service: name })

    test('phase 1, code: the recorded version is in service again, the front end was restarted, health answers (OPT-15, OPT-16, OPT-17, OPT-18, OPT-19, DEF-52, DEF-53)', async () => {
      const world = await start()
      expect(await serviceOf('backend')).toMatchObject({ version: 'backend:42' })
      const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-1-code' })
      expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
      // Not the newest version, which is the one that failed, and not a working copy: the recorded task definition.
      expect(await serviceOf('backend')).toMatchObject({ version: 'backend:41', count: 2 })
      expect(report?.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['previous-version', 'restart']))
      expect(statuses(report?.checks)).toMatchObject({ 'health-answers': 'pass', 'api-health-answers': 'pass' })
    })

    test('phase 2, settings: work_mem, max_connections and the preloaded libraries have their recorded values, and nothing reboots (OPT-49, OPT-50, DEF-09)', async () => {
      const world = await start()
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
      const world = await start()
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
      const world = await startDatabase(PLAN, 60)
      onTestFinished(() => world.close())
      const plan = await loadPlan(FOLDER)
      const drift = () => world.query<{ column_name: string }>(plan.sql['sql/schema-drift.sql'] ?? '')
      await world.query(`set search_path = ''`)
      expect(await drift()).toEqual([])
      await world.query(
        'alter table public.dialogs alter column channel drop not null; alter table public.users add column extra int',
      )
      expect((await drift()).map(({ column_name }) => column_name).sort()).toEqual(['channel', 'extra'])
    })

    test('phase 4, pool: the pool has its recorded settings again (OPT-57)', async () => {
      const world = await start()
      expect(await world.parameter('DB_POOL_CLASS')).toBe('QueuePool')
      const { report, problem } = await world.run({ path: 'partial', scenario: 'phase-4-pool' })
      expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
      expect([await world.parameter('DB_POOL_CLASS'), await world.parameter('DB_POOL_PRE_PING')]).toEqual([
        'NullPool',
        'false',
      ])
    })

    test('phase 4, monitoring: the monitor is stopped by its name, then view and table are out of reach and not destroyed (OPT-55, OPT-56, DEF-57, DEF-58, CON-28)', async () => {
      const world = await start()
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
      const world = await start()
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
  },
)
