import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { awsWorkloads } from '#aws/workloads.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import type { IncidentId, SnapshotId } from '#core/names.ts'
import { takeLive } from '#core/snapshot/take-live.ts'
import { outcomeOf } from '#local/outcome.ts'
import { lambdaAction } from '#test/core/decide/alarm-events.ts'
import { realClock } from '#test/support/clock.ts'
import { describePostgres, type TestDatabase } from '#test/support/database.ts'
import { ENVIRONMENT, fixtureDatabase, type PlanWorld, planWorld } from './world.ts'

const PLAN = 'database-optimization'
const BEFORE = 'pre-optimization-backup' as SnapshotId
const ROWS = `
  select (select md5(string_agg(u::text, ',' order by id)) from public.users u) as users,
         (select md5(string_agg(a::text, ',' order by id)) from public.assistants a) as assistants,
         (select md5(string_agg(e::text, ',' order by id)) from public.knowledge_embeddings e) as embeddings`
/** A deployment that spoils texts, and people who go on writing. */
const FAIL = `
  update public.knowledge_embeddings set content = 'spoilt' where assistant_id = 1;
  insert into public.dialog_messages (dialog_id, sender, text) values (1, 'user', 'written since'), (1, 'user', 'written since');`

describePostgres('the last resort of database-optimization', () => {
  let template: TestDatabase
  beforeAll(async () => {
    template = await fixtureDatabase(PLAN, { rows: 300 })
  })
  afterAll(() => template?.drop())

  const start = async (): Promise<PlanWorld> => {
    const world = await planWorld(PLAN, template)
    onTestFinished(() => world.close())
    return world
  }
  const statuses = (checks: readonly { name: string; status: string }[] | undefined) =>
    Object.fromEntries((checks ?? []).map(({ name, status }) => [name, status]))

  test('corrupt rows: contained at once, an executive is waited for, then requests are stopped and the failed state is kept for forensics (OPT-01, OPT-11, OPT-36, OPT-37, OPT-38, DEF-73, CON-08, CON-09, CON-15)', async () => {
    const world = await start()
    world.approvers = []
    const alarm = {
      name: `vector-rollback-${ENVIRONMENT}-${PLAN}-rows-corrupt`,
      timestamp: '2026-11-21T03:00:01.000+0000',
    }
    const [outcome] = (await world.stack.invoke('on-alarm', lambdaAction(alarm))) as AlarmOutcome[]
    const arn = outcome?.execution ?? ''
    await world.stack.waitFor(arn)
    const { report } = await outcomeOf(arn, arn.split(':').at(-1) as IncidentId, world.stack)
    // Nobody has approved: contained, told, and nothing is moved.
    expect(await world.flag('OPTIMIZED_QUERIES_ENABLED')).toBe('false')
    expect(await world.flag('TRAFFIC_ENABLED')).toBe('true')
    expect(report?.outcome).toBe('needs-human')
    expect((await world.query('select from public.users')).length).toBe(8)
    const told = world.stack.messages().map(({ attributes }) => attributes.event)
    expect(told.indexOf('contained')).toBeGreaterThanOrEqual(0)
    expect(told.indexOf('contained')).toBeLessThan(told.indexOf('proceed-needed'))
  })

  test('full: requests are stopped, the seven tables are out of reach, and a verified snapshot keeps the failed state; services are back before requests are (OPT-36, OPT-37, OPT-38, OPT-42, OPT-73, CON-15)', async () => {
    const world = await start()
    const { report, problem } = await world.run({ path: 'full' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect(await world.flag('TRAFFIC_ENABLED')).toBe('false')
    await expect(world.query('select from public.users')).rejects.toMatchObject({ code: '42P01' })
    expect(report?.snapshot?.tables.map(({ name, rows }) => [name, rows]).sort()).toEqual([
      ['assistants', 12],
      ['dialog_messages', 300],
      ['dialogs', 60],
      ['documents', 40],
      ['knowledge_embeddings', 300],
      ['user_knowledge', 40],
      ['users', 8],
    ])
    const kinds = report?.steps.map(({ kind }) => kind) ?? []
    expect(kinds.indexOf('scale')).toBeLessThan(kinds.indexOf('retire'))
    expect(kinds.lastIndexOf('scale')).toBeGreaterThan(kinds.indexOf('verify-snapshot'))
    const backend = { platform: 'ecs', cluster: `replyx-${ENVIRONMENT}`, service: 'backend' } as const
    expect(await awsWorkloads().look(backend)).toMatchObject({ count: 2 })
    const restored = await world.run({ path: 'restore' })
    expect(restored.report?.outcome).toBe('restored')
    expect(statuses(restored.report?.checks)).toMatchObject({
      'users-have-rows': 'pass',
      'assistants-have-rows': 'pass',
    })
    // The gates are attested, and only then requests come in again.
    expect([await world.flag('TRAFFIC_ENABLED'), await world.flag('OPTIMIZED_QUERIES_ENABLED')]).toEqual([
      'true',
      'true',
    ])
    expect(restored.report?.approvals.map(({ purpose, role }) => [purpose, role])).toEqual([
      ['re-enable', 'database-lead'],
    ])
  })

  test('restore of the backup of before: the rows written since are counted and asked about, and the failed state is kept (OPT-38, OPT-39, OPT-40, OPT-41, OPT-73, DEF-60, CON-24)', async () => {
    const world = await start()
    const good = await world.query(ROWS)
    const { plan } = world
    await takeLive(postgres({ url: world.db.url }), world.stack.objects, {
      plan: plan.name,
      snapshot: BEFORE,
      environment: ENVIRONMENT,
      tables: plan.protects.tables,
      partBytes: 65_536,
      concurrency: 2,
      clock: realClock,
      check: async () => undefined,
    })
    await world.query(FAIL)
    const failed = await world.query(ROWS)
    const everybody = world.approvers

    world.approvers = []
    const unasked = await world.run({ path: 'restore' }, { snapshot: BEFORE })
    expect(unasked.report?.outcome).toBe('needs-human')
    expect(await world.query(ROWS)).toEqual(failed)
    const asked = world.stack.messages().find(({ attributes }) => attributes.event === 'replace-needed')
    expect(asked?.subject).toContain('written since?')

    world.approvers = everybody
    const { report, problem, incident } = await world.run({ path: 'restore' }, { snapshot: BEFORE })
    expect([problem, report?.outcome]).toEqual([null, 'restored'])
    expect(await world.query(ROWS)).toEqual(good)
    expect(report?.loss).toContain(`are kept as retirement "${incident}-replaced"`)
    expect(report?.approvals.map(({ purpose }) => purpose)).toContain('replace')
    expect(statuses(report?.checks)).toMatchObject({
      'server-version-known': 'pass',
      'texts-are-sound': 'pass',
      'foreign-keys-valid': 'pass',
      'schema-as-recorded': 'pass',
    })
  }, 180_000)
})
