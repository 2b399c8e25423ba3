import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { checkPlan } from '#core/plan/check.ts'
import { previewOfPlan } from '#core/preview/of-plan.ts'
import { runSqlCheck } from '#core/verify/run-check.ts'
import { QUEUE_FOLDER, type QueueWorld, startQueueWorld } from '#test/plans/embedding-queue-world.ts'
import { describePostgres } from '#test/support/database.ts'

it('the plan has no problems: its SQL is SQL, and goes to the server with a connection, not to a shell (DEF-49)', async () => {
  expect(await checkPlan(QUEUE_FOLDER)).toEqual([])
})

const SAFE = { EMBEDDING_QUEUE_ENABLED: 'false', EMBEDDING_WORKER_ENABLED: 'false', SEMANTIC_SEARCH_ENABLED: 'false' }

describePostgres('the procedures of the embedding queue, on a real server, as an owner that is no superuser', () => {
  let world: QueueWorld
  beforeAll(async () => {
    world = await startQueueWorld()
  })
  beforeEach(() => world.reset())
  afterAll(() => world?.close())

  const done = (run: Awaited<ReturnType<QueueWorld['run']>>) => {
    expect(run.problem).toBeNull()
    expect(run.report?.outcome).toBe('rolled-back')
    expect(run.failed).toEqual([])
    return run
  }

  it('the path flag stops new tasks by the stored configuration, explicitly false, and touches nothing else (EMQ-08, EMQ-10, EMQ-45, DEF-37)', async () => {
    const before = await world.statuses()
    done(await world.run('flag'))
    expect(await world.flags()).toEqual({
      EMBEDDING_QUEUE_ENABLED: 'false',
      EMBEDDING_WORKER_ENABLED: 'true',
      SEMANTIC_SEARCH_ENABLED: 'true',
    })
    expect(await world.statuses()).toEqual(before)
    // Again: a value is set, not another line added.
    done(await world.run('flag'))
    expect(await world.parameter('EMBEDDING_QUEUE_ENABLED')).toBe('false')
  })

  it('a person asks for a return to synchronous processing, and the report says so, with the procedure that was taken (EMQ-06, EMQ-07, EMQ-92)', async () => {
    const { report } = done(await world.run('partial', 'requeue-cancelled', { reason: 'The business wants it so.' }))
    expect(report).toMatchObject({
      reason: 'The business wants it so.',
      path: 'partial',
      scenario: 'requeue-cancelled',
    })
    expect(report?.startedBy.kind).toBe('person')
    expect(report?.timeline.length).toBeGreaterThan(3)
    expect(Object.keys(world.plan.paths)).toEqual(expect.arrayContaining(['flag', 'partial', 'full', 'restore']))
    expect(Object.keys(world.plan.paths.partial?.scenarios ?? {})).toEqual(
      expect.arrayContaining(['configuration-rollback', 'migration-tasks', 'emergency-stop', 'gradual']),
    )
  })

  it('temporary disable: the worker is told, waited for, and then recorded as stopped; the waiting tasks wait (EMQ-09, EMQ-11, EMQ-76)', async () => {
    const before = await world.statuses()
    const run = done(await world.run('partial'))
    expect(await world.flags()).toEqual({ ...SAFE, SEMANTIC_SEARCH_ENABLED: 'true' })
    expect(await world.query('select is_running from public.embedding_worker_status')).toEqual([{ is_running: false }])
    expect(await world.statuses()).toEqual(before)
    expect(await run.captured('sql/worker-row.sql')).toMatchObject([{ id: 1, is_running: true }])
  })

  it('a worker that lives on is not taken for a stopped one, whatever its row says (DEF-42)', async () => {
    const worker = await world.worker()
    // What the row alone would say.
    await world.query('update public.embedding_worker_status set is_running = false')
    expect(await world.ask('sql/worker-stopped.sql')).toEqual([{ stopped: false }])
    const { problem } = await world.run('partial')
    expect(problem).toMatchObject({ error: 'Drain.NotEmpty', text: expect.stringContaining('workers 1') })
    await worker.end()
  })

  it('emergency stop: nothing is processed any more, with the reason and the time of it, and search is off (EMQ-29, EMQ-30, EMQ-31, EMQ-32, EMQ-33, EMQ-34)', async () => {
    const { processing = 0 } = await world.statuses()
    expect(processing).toBeGreaterThan(0)
    const run = done(await world.run('partial', 'emergency-stop'))
    expect(await world.flags()).toEqual(SAFE)
    expect(await world.failures('Emergency stop initiated')).toBe(processing)
    expect(
      await world.query(
        `select 1 from public.embedding_tasks where error_message = 'Emergency stop initiated' and completed_at is null`,
      ),
    ).toEqual([])
    expect(await run.captured('sql/processing-tasks.sql')).toHaveLength(processing)
    expect(run.report?.checks.map(({ name, status }) => `${name} ${status}`)).toEqual(
      expect.arrayContaining(['nothing-processing pass', 'worker-stopped pass', 'search-off pass']),
    )
  })

  describe('corrupt article data', () => {
    it('by what the runbook asks, no column answers, and after the stop no row (DEF-06, DEF-41)', async () => {
      await expect(
        world.query(
          `SELECT DISTINCT article_id, slug FROM embedding_tasks WHERE status = 'processing' AND processed_at >= NOW() - INTERVAL '1 hour'`,
        ),
      ).rejects.toMatchObject({ code: '42703' })
      await world.run('partial', 'emergency-stop')
      expect(await world.query(`select 1 from public.embedding_tasks where status = 'processing'`)).toEqual([])
      // By when it began, the stop has taken nothing away.
      expect((await world.ask('sql/affected-tasks.sql')).length).toBeGreaterThan(0)
    })

    it('isolation captures what was processed, stops, and marks those articles; their other metadata stays (EMQ-02, EMQ-35, EMQ-36, EMQ-37, DEF-06)', async () => {
      const affected = (await world.ask('sql/affected-tasks.sql')) as { article_id: string; slug: string }[]
      const kept = await world.query(
        `select count(*)::int as n from public.articles where metadata @> '{"tags": ["kept"]}'`,
      )
      const run = done(await world.run('partial', 'corruption-isolation'))
      const captured = await run.captured('sql/affected-tasks.sql')
      expect(captured.map(({ slug }) => slug).sort()).toEqual(affected.map(({ slug }) => slug).sort())
      const marked = await world.query<{ id: string; since: string | null }>(
        `select id::text, metadata->>'corrupted_since' as since from public.articles where metadata @> '{"needs_review": true}'`,
      )
      expect(marked.map(({ id }) => id)).toEqual(
        expect.arrayContaining(affected.map(({ article_id }) => String(article_id))),
      )
      for (const { since } of marked) expect(since).not.toBeNull()
      expect(
        await world.query(`select count(*)::int as n from public.articles where metadata @> '{"tags": ["kept"]}'`),
      ).toEqual(kept)
      const kinds = run.report?.steps.map(({ kind }) => kind) ?? []
      expect(kinds.indexOf('capture')).toBeLessThan(kinds.indexOf('run-sql'))
      expect(kinds.indexOf('capture')).toBeLessThan(kinds.indexOf('set-flag'))
    })

    it('recovery takes the highest version from before the corruption, where the newest is the spoilt one (EMQ-39, EMQ-66, DEF-40)', async () => {
      // As the runbook takes it: the newest, or the highest number.
      expect(
        await world.query(
          `select content from public.article_versions where article_id = 9 order by created_at desc limit 1`,
        ),
      ).toEqual([{ content: '' }])
      const run = done(await world.run('partial', 'article-recovery'))
      const [article] = await world.query<{ content: string; metadata: Record<string, unknown> }>(
        `select content, metadata from public.articles where id = 9`,
      )
      expect(article?.content).toMatch(/^A test of the /)
      expect(article?.metadata).toMatchObject({ recovered_version: 2, needs_review: true })
      expect(await run.captured('sql/articles-to-recover.sql')).toMatchObject([{ id: 9, content: '' }])
      // Not marked, not touched.
      expect(await world.query(`select content from public.articles where id = 7`)).toEqual([{ content: '' }])
    })

    it('embeddings are made again by the queue: each marked article, and each that has none, once (EMQ-67)', async () => {
      done(await world.run('partial', 'regenerate-embeddings'))
      done(await world.run('partial', 'regenerate-embeddings'))
      const queued = await world.query<{ article_id: string }>(
        `select article_id from public.embedding_tasks where metadata->>'reason' = 'reindex' and status = 'pending'`,
      )
      expect(new Set(queued.map(({ article_id }) => article_id)).size).toBe(queued.length)
      expect(queued.map(({ article_id }) => article_id)).toContain('9')
    })
  })

  it('migration: only its tasks are cancelled, those in work after their time, and none is left (EMQ-05, EMQ-23, EMQ-24, DEF-43)', async () => {
    const others = `select count(*)::int as n from public.embedding_tasks where metadata->>'reason' is distinct from 'migration' and status in ('pending', 'processing')`
    const before = await world.query(others)
    await world.query(
      `update public.embedding_tasks set status = 'processing', started_at = now() where id = (select min(id) from public.embedding_tasks where status = 'pending' and metadata->>'reason' = 'migration')`,
    )
    // Pending alone, as the runbook clears them, leaves the one in work.
    const [{ n: pending } = { n: 0 }] = await world.query<{ n: number }>(
      `select count(*)::int as n from public.embedding_tasks where status = 'pending' and metadata->>'reason' = 'migration'`,
    )
    const run = done(await world.run('partial', 'migration-tasks'))
    expect(await world.ask('sql/migration-left.sql')).toEqual([{ migration_tasks: '0' }])
    expect(await run.captured('sql/pending-migration.sql')).toHaveLength(pending)
    expect((await run.captured('sql/processing-migration.sql')).length).toBeGreaterThan(0)
    expect(await world.query(others)).toEqual(before)
  })

  it('provider switch: by the provider that tasks record, the others by the last hour and kept as evidence to queue again (EMQ-03, EMQ-25, EMQ-28, DEF-45)', async () => {
    const count = async (where: string) =>
      Number(
        (
          await world.query(
            `select count(*)::int as n from public.embedding_tasks where status = 'pending' and ${where}`,
          )
        )[0]?.n,
      )
    const [old, ollama] = [
      await count(`metadata->>'provider' = 'openai' and created_at < now() - interval '1 hour'`),
      await count(`metadata->>'provider' = 'ollama'`),
    ]
    // By age alone, as the runbook has it, old ones of the provider are missed and new ones of the other are hit.
    expect(old).toBeGreaterThan(0)
    expect(await count(`metadata->>'provider' = 'ollama' and created_at >= now() - interval '1 hour'`)).toBeGreaterThan(
      0,
    )
    const run = done(await world.run('partial', 'provider-to-ollama'))
    expect(await count(`metadata->>'provider' = 'openai'`)).toBe(0)
    expect(await count(`metadata->>'provider' = 'ollama' and metadata->>'reason' is distinct from 'reindex'`)).toBe(
      ollama,
    )
    const captured = await run.captured('sql/openai-tasks.sql')
    expect(await world.failures('Provider rollback - task cancelled')).toBe(captured.length)
    expect(await world.parameter('embedding/EMBEDDING_PROVIDER')).toBe('ollama')
    done(await world.run('partial', 'requeue-cancelled'))
    const ids = captured.map(({ id }) => String(id))
    expect(
      await world.query(`select 1 from public.embedding_tasks where id in (${ids.join(', ')}) and status <> 'pending'`),
    ).toEqual([])
  })

  it('after a switch no two models are compared: what the other provider made is queued, at an address that containers reach (EMQ-26, DEF-46)', async () => {
    expect(await world.ask('sql/mixed-with-ollama.sql')).not.toEqual([{ mixed: '0' }])
    done(await world.run('partial', 'provider-to-ollama'))
    expect(await world.ask('sql/mixed-with-ollama.sql')).toEqual([{ mixed: '0' }])
    expect(await world.parameter('embedding/OLLAMA_BASE_URL')).toBe('http://ollama.internal:11434')
    expect(await world.parameter('embedding/OLLAMA_BASE_URL')).not.toContain('localhost')
    done(await world.run('partial', 'provider-to-openai'))
    expect(await world.parameter('embedding/EMBEDDING_PROVIDER')).toBe('openai')
  })

  it('resource relief: slower, smaller, longer, and tasks of low priority cancelled; when it is over, what was there before (EMQ-04, EMQ-40, EMQ-41, EMQ-42, EMQ-43, DEF-34, DEF-35)', async () => {
    const low = await world.query(`select 1 from public.embedding_tasks where status = 'pending' and priority = 'low'`)
    done(await world.run('partial', 'resource-relief'))
    done(await world.run('partial', 'resource-relief'))
    const settings = () =>
      Promise.all(
        ['EMBEDDING_WORKER_INTERVAL', 'EMBEDDING_BATCH_SIZE', 'EMBEDDING_WORKER_TIMEOUT'].map((name) =>
          world.parameter(`embedding/${name}`),
        ),
      )
    expect(await settings()).toEqual(['30000', '1', '600000'])
    expect(await world.parameter('embedding/EMBEDDING_MAX_RETRIES')).toBe('50')
    expect(await world.failures('Resource conservation - low priority task cancelled')).toBe(low.length)
    done(await world.run('partial', 'relief-over'))
    expect(await settings()).toEqual(['100', '64', '300000'])
  })

  it('configuration rollback: the state of the queue is kept, and every setting is what was recorded as good (EMQ-15, EMQ-16, EMQ-17, EMQ-87)', async () => {
    const open = await world.ask('sql/open-tasks.sql')
    const run = done(await world.run('partial', 'configuration-rollback'))
    expect(await run.captured('sql/open-tasks.sql')).toHaveLength(open.length)
    expect(await world.parameter('embedding/EMBEDDING_WORKER_INTERVAL')).toBe('5000')
    expect(await world.parameter('embedding/EMBEDDING_PROVIDER')).toBe('openai')
  })

  it('single settings go back to interval 5000, retries 3 and batch 1, and are read back (EMQ-18, DEF-34)', async () => {
    done(await world.run('partial', 'settings-rollback'))
    const values = ['INTERVAL', 'RETRIES', 'SIZE'].map((_, i) =>
      world.parameter(`embedding/${['EMBEDDING_WORKER_INTERVAL', 'EMBEDDING_MAX_RETRIES', 'EMBEDDING_BATCH_SIZE'][i]}`),
    )
    expect(await Promise.all(values)).toEqual(['5000', '3', '1'])
  })

  it('gradual: nothing new, the worker goes on for five minutes, the rest is cancelled, then worker and search are off (EMQ-46, EMQ-47, EMQ-48, EMQ-49, EMQ-51, DEF-44)', async () => {
    const open = (await world.ask('sql/open-tasks.sql')).length
    const worker = await world.worker()
    // A worker that the flag of containment had stopped would finish nothing.
    let finished = 0
    const working = (async () => {
      while ((await world.parameter('EMBEDDING_WORKER_ENABLED')) === 'true') {
        if ((await world.parameter('EMBEDDING_QUEUE_ENABLED')) === 'false' && finished < 3) {
          await worker.query(
            `update public.embedding_tasks set status = 'completed', completed_at = now() where id = (select id from public.embedding_tasks where status in ('pending', 'processing') order by id limit 1)`,
          )
          finished += 1
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      await worker.end()
    })()
    const run = done(await world.run('partial', 'gradual'))
    await working
    expect(finished).toBe(3)
    expect(await run.captured('sql/open-tasks.sql')).toHaveLength(open - 3)
    expect(await world.failures('Gradual rollback - task cancelled')).toBe(open - 3 + 2)
    expect(await world.flags()).toEqual(SAFE)
    const drains = run.report?.steps.filter(({ kind }) => kind === 'drain').map(({ detail }) => detail) ?? []
    expect(drains[0]).toMatch(/^open: pending \d+, processing \d+; .* 300s left$/)
    expect(drains.find((detail) => detail.includes('still open after 5m'))).toContain('sql/cancel-open.sql cancelled')
  })

  it('afterwards articles are there to write and to find by words, and their integrity holds, in every procedure (EMQ-69, EMQ-71, EMQ-72, EMQ-75, EMQ-79)', async () => {
    const { report } = done(await world.run('partial'))
    expect(report?.checks.map(({ name, status }) => `${name} ${status}`)).toEqual(
      expect.arrayContaining([
        'articles-readable pass',
        'articles-writable pass',
        'search-answers pass',
        'integrity pass',
      ]),
    )
    await world.query('alter table public.embeddings drop constraint embeddings_article_id_fkey')
    expect((await world.run('partial')).failed).toContain('integrity')
    await world.query('revoke insert on public.articles from embedding_queue_app')
    expect((await world.run('partial')).failed).toContain('articles-writable')
  })

  it('an SQL file stops at its first error, and what went before it is taken back (DEF-05)', async () => {
    await world.query(`alter table public.embedding_worker_status add constraint no_row_one check (id <> 1) not valid`)
    await world.query('delete from public.embedding_worker_status')
    const { problem } = await world.run('partial')
    expect(problem?.error).toBe('Postgres.CheckViolation')
    expect(await world.query('select 1 from public.embedding_worker_status')).toEqual([])
  })

  it('the row of the worker is put in place with is_running false, whether or not it is there (EMQ-64)', async () => {
    await world.query('delete from public.embedding_worker_status')
    done(await world.run('partial'))
    expect(await world.query('select id, is_running from public.embedding_worker_status')).toEqual([
      { id: 1, is_running: false },
    ])
  })

  it('the plan is a document before it is run: every step, what is captured, and what is asked (EMQ-88)', async () => {
    const { stages, checks } = await previewOfPlan(world.plan, 'full')
    expect(stages.map(({ title }) => title)).toEqual(
      expect.arrayContaining(['Contain', 'Drain', 'Retire', 'Snapshot and verify']),
    )
    expect(checks.length).toBeGreaterThan(5)
  })

  it('people and users are told before, meanwhile and after (EMQ-89, EMQ-90, EMQ-91, CON-17)', async () => {
    const { messages, updates } = world.plan
    expect(updates).toBe(30 * 60_000)
    expect(messages.users?.body).toContain('{next-update}')
    expect(messages['users-resolved']).toBeDefined()
    const before = world.stack.messages().length
    await world.run('partial')
    const subjects = world.stack
      .messages()
      .slice(before)
      .map(({ subject }) => subject ?? '')
    expect(subjects).toEqual(expect.arrayContaining([expect.stringContaining('no new embedding tasks')]))
    expect(subjects).toContain('Search may be limited')
  })
})

describePostgres('complete removal of the embedding queue, and the way back', () => {
  let world: QueueWorld
  const QUEUE = ['embedding_audit_logs', 'embedding_tasks', 'embedding_worker_status', 'performance_metrics']
  const rows = () =>
    Promise.all(QUEUE.map((table) => world.query(`select t::text as row from public.${table} as t order by 1`)))
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

  it('stops and clears first, then backs up everything that it takes away, and is done when nothing is left (EMQ-52, EMQ-54, EMQ-55, EMQ-57, DEF-36, DEF-38, CON-15)', async () => {
    const open = (await world.ask('sql/open-tasks.sql')).length
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
    ]
    expect(order.map((kind) => kinds.indexOf(kind))).toEqual(
      order.map((kind) => kinds.indexOf(kind)).sort((a, b) => a - b),
    )
    expect(order.filter((kind) => !kinds.includes(kind))).toEqual([])
  })

  it('nothing of the queue is left by name, where the pattern of the runbook still finds another table (EMQ-59, DEF-07)', async () => {
    expect(await world.ask('sql/queue-left.sql')).toEqual([])
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

  it('articles are written and found without the queue (EMQ-62, EMQ-80)', async () => {
    const [made] = await asApplication(
      `insert into public.articles (slug, title, content) values ('after', 'After', 'a test without the queue') returning id`,
    )
    expect(await asApplication(`select slug from public.articles where id = ${made?.id}`)).toEqual([{ slug: 'after' }])
    await asApplication(`delete from public.articles where id = ${made?.id}`)
    expect(Number((await asApplication(world.plan.sql['sql/article-search.sql'] ?? ''))[0]?.found)).toBeGreaterThan(0)
  })

  it('only a backup that is registered is restored: a name of the runbook that nothing has made is refused (DEF-39)', async () => {
    const { problem } = await world.run('restore', undefined, { snapshot: 'backup-before-corruption' })
    expect(problem?.category).toMatch(/usage|refused/)
    expect(await world.ask('sql/queue-left.sql')).toEqual([])
  })

  it('restore brings the queue back with the worker stopped, and after the gates all flags are on (EMQ-13, EMQ-63, EMQ-81, CON-20)', async () => {
    const { problem, report, failed } = await world.run('restore')
    expect(problem).toBeNull()
    expect([report?.outcome, failed]).toEqual(['restored', []])
    expect(await world.query('select id, is_running from public.embedding_worker_status')).toEqual([
      { id: 1, is_running: false },
    ])
    expect(await world.flags()).toEqual({
      EMBEDDING_QUEUE_ENABLED: 'true',
      EMBEDDING_WORKER_ENABLED: 'true',
      SEMANTIC_SEARCH_ENABLED: 'true',
    })
    expect(await world.failures('Complete removal - task cancelled')).toBeGreaterThan(0)
    quiesced = await rows()
  })

  it('after the retention, approved, the tables are destroyed; the snapshot was verified before, and articles and embeddings stay (EMQ-58, CON-02)', async () => {
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
