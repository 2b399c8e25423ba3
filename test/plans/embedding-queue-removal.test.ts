import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { FlagPath } from '#core/names.ts'
import { runSqlCheck } from '#core/verify/run-check.ts'
import { type QueueWorld, SAFE, startQueueWorld } from '#test/plans/embedding-queue-world.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('complete removal of the embedding queue, and the way back', () => {
  let world: QueueWorld
  const QUEUE = ['embedding_audit_logs', 'embedding_tasks', 'embedding_worker_status', 'performance_metrics']
  /** The worker says in its own row when it starts again. */
  const rows = () =>
    Promise.all(
      QUEUE.filter((table) => table !== 'embedding_worker_status').map((table) =>
        world.query(`select t::text as row from public.${table} as t order by 1`),
      ),
    )
  const asApplication = async (statement: string) => {
    await world.query('set role embedding_queue_app')
    return world.query(statement).finally(() => world.query('reset role'))
  }
  let quiesced: unknown
  beforeAll(async () => {
    world = await startQueueWorld()
    await world.reset()
  })
  afterAll(() => world?.close())

  it('stops and clears first, then backs up everything that it takes away, and is done when nothing is left (EMQ-52, EMQ-54, EMQ-55, EMQ-57, EMQ-61, DEF-36, DEF-38, CON-15)', async () => {
    const open = (await world.rowsOf('sql/open-tasks.sql')).length
    const run = await world.run('full')
    expect(run.problem).toBeNull()
    expect(run.report?.outcome).toBe('rolled-back')
    expect(run.failed).toEqual([])
    expect(await world.flags()).toEqual(SAFE)
    expect(await run.captured('sql/open-tasks.sql')).toHaveLength(open)
    const { report } = run
    expect(report?.snapshot?.tables.map(({ name }) => name).sort()).toEqual(QUEUE)
    const kinds = report?.steps.map(({ kind }) => kind) ?? []
    const order = [
      'set-flag',
      'drain',
      'run-sql',
      'verify',
      'retire',
      'snapshot-part',
      'seal-snapshot',
      'verify-snapshot',
      'restart',
    ]
    expect(order.map((kind) => kinds.indexOf(kind))).toEqual(
      order.map((kind) => kinds.indexOf(kind)).sort((a, b) => a - b),
    )
    expect(order.filter((kind) => !kinds.includes(kind))).toEqual([])
  })

  it('nothing of the queue is left by name, where the pattern of the runbook still finds another table (EMQ-59, DEF-07)', async () => {
    expect(await world.rowsOf('sql/queue-left.sql')).toEqual([])
    expect(
      await world.query(
        `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE 'embedding_%'`,
      ),
    ).toEqual([{ table_name: 'embeddings' }])
  })

  it('absence is an undefined table to the application, and no other error passes for it (EMQ-70, DEF-47, CON-23)', async () => {
    await expect(asApplication('select 1 from public.embedding_tasks')).rejects.toMatchObject({ code: '42P01' })
    const check = world.plan.checks['queue-undefined']
    if (check?.kind !== 'sql') throw new Error('it is one')
    const verdict = () =>
      postgres({ url: world.db.url }).session({ applicationName: 'test' }, (session) =>
        runSqlCheck(session, world.plan, check),
      )
    expect(await verdict()).toMatchObject({ status: 'pass' })
    // There, and out of reach for want of a right: not absent.
    await world.query('create table public.embedding_tasks (id int)')
    expect((await verdict()).status).not.toBe('pass')
    await world.query('drop table public.embedding_tasks')
  })

  it('articles are written at once and found without the queue, also while the application still thinks that there is one (EMQ-50, EMQ-62)', async () => {
    for (const value of ['false', 'true']) {
      await world.stack.flags.write('/app/test/EMBEDDING_QUEUE_ENABLED' as FlagPath, value)
      const made = await world.ask('POST', '/api/articles', { title: `After ${value}`, content: 'a test without' })
      expect(made).toMatchObject({ status: 201, json: { slug: `after-${value}`, task: null } })
      const found = await world.ask('POST', '/api/search', { query: `after ${value}`, k: 5 })
      expect(found.json).toEqual({ mode: 'words', results: [{ id: made.json.id, slug: `after-${value}` }] })
      expect((await world.ask('DELETE', `/api/articles/${made.json.id}`)).status).toBe(204)
    }
    await world.stack.flags.write('/app/test/EMBEDDING_QUEUE_ENABLED' as FlagPath, 'false')
  })

  it('only a backup that is registered is restored: a name of the runbook that nothing has made is refused (DEF-39)', async () => {
    const { problem } = await world.run('restore', undefined, { snapshot: 'backup-before-corruption' })
    expect(problem?.category).toMatch(/usage|refused/)
    expect(await world.rowsOf('sql/queue-left.sql')).toEqual([])
  })

  it('restore brings the queue back with the worker stopped, and after the gates all flags are on (EMQ-13, EMQ-63, CON-20)', async () => {
    const { problem, report, failed } = await world.run('restore')
    expect(problem).toBeNull()
    expect([report?.outcome, failed]).toEqual(['restored', []])
    expect(report?.checks).toContainEqual(expect.objectContaining({ name: 'worker-waits', status: 'pass' }))
    expect(await world.flags()).toEqual({
      EMBEDDING_QUEUE_ENABLED: 'true',
      EMBEDDING_WORKER_ENABLED: 'true',
      SEMANTIC_SEARCH_ENABLED: 'true',
    })
    expect(await world.failures('Complete removal - task cancelled')).toBeGreaterThan(0)
    quiesced = await rows()
  })

  it('after the retention, approved, the tables are destroyed; the snapshot was verified before, and articles and embeddings stay (CON-02)', async () => {
    await world.run('full')
    world.stack.clock.travel(8 * 86_400_000)
    const { problem, report, failed } = await world.run('purge')
    expect(problem).toBeNull()
    expect([report?.outcome, failed]).toEqual(['rolled-back', []])
    expect(await world.query('select 1 from public.embeddings limit 1')).toHaveLength(1)
  })

  it('from the snapshot every row is back once, compared before it is in place, also when it is asked for twice (DEF-48)', async () => {
    const { problem, report, failed } = await world.run('restore')
    expect(problem).toBeNull()
    expect([report?.outcome, failed]).toEqual(['restored', []])
    expect(report?.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['compare-restore', 'swap-in']))
    expect(await rows()).toEqual(quiesced)
    await world.run('restore')
    expect(await rows()).toEqual(quiesced)
  })

  it('a view of one of the names is not taken for the table: the removal stops before anything is moved (CON-28)', async () => {
    await world.query('alter table public.performance_metrics rename to metrics_of_others')
    await world.query('create view public.performance_metrics as select 1 as one')
    const { problem } = await world.run('full')
    expect(problem?.error).toBe('Verification.Failed')
    expect(await world.query(`select to_regclass('public.embedding_tasks') is not null as there`)).toEqual([
      { there: true },
    ])
  })
})
