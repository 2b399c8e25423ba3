import { execFileSync, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { FlagPath } from '#core/names.ts'
import { checkPlan } from '#core/plan/check.ts'
import { previewOfPlan } from '#core/preview/of-plan.ts'
import { done, QUEUE_FOLDER, type QueueWorld, SAFE, startQueueWorld } from '#test/plans/embedding-queue-world.ts'
import { sqlOf } from '#test/plans/sql-checks.ts'
import { describePostgres } from '#test/support/database.ts'

it('the plan has no problems: its SQL is SQL, and goes to the server with a connection, not to a shell (DEF-49)', async () => {
  expect(await checkPlan(QUEUE_FOLDER)).toEqual([])
})

describePostgres('the embedding queue switched off, on a real server, as an owner that is no superuser', () => {
  let world: QueueWorld
  beforeAll(async () => {
    world = await startQueueWorld()
  })
  beforeEach(() => world.reset())
  afterAll(() => world?.close())
  const asked = () => sqlOf(world.plan, postgres({ url: world.db.url }))

  it('the path flag stops new tasks by the stored configuration, explicitly false, and touches nothing else: articles are created at once, without a task (EMQ-08, EMQ-10, EMQ-12, EMQ-45, DEF-37)', async () => {
    const before = await world.statuses()
    const title = 'Before the rollback'
    const queued = await world.ask('POST', '/api/articles', { title, content: 'Test content' })
    expect(queued).toMatchObject({ status: 201, json: { task: expect.any(Number) } })
    await world.ask('DELETE', `/api/articles/${queued.json.id}`)
    const { report } = done(await world.run('flag'))
    expect(await world.flags()).toEqual({
      EMBEDDING_QUEUE_ENABLED: 'false',
      EMBEDDING_WORKER_ENABLED: 'true',
      SEMANTIC_SEARCH_ENABLED: 'true',
    })
    expect(await world.statuses()).toEqual(before)
    expect(report?.checks.map(({ name, status }) => `${name} ${status}`)).toEqual(
      expect.arrayContaining(['delivery of EMBEDDING_QUEUE_ENABLED pass', 'articles-created-synchronously pass']),
    )
    // Again: a value is set, not another line added.
    done(await world.run('flag'))
    expect(await world.parameter('EMBEDDING_QUEUE_ENABLED')).toBe('false')
  })

  it('an export in a shell does not reach what runs; the parameter does, and the application says what it sees (DEF-32)', async () => {
    const running = spawn('sh', ['-c', 'read go; echo "$EMBEDDING_QUEUE_ENABLED"'], {
      env: { EMBEDDING_QUEUE_ENABLED: 'true' },
    })
    execFileSync('sh', ['-c', 'export EMBEDDING_QUEUE_ENABLED=false'])
    running.stdin.end('\n')
    expect(await text(running.stdout)).toBe('true\n')

    const echo = () => world.ask('GET', '/api/feature-flags/EMBEDDING_QUEUE_ENABLED')
    expect((await echo()).json).toMatchObject([{ consumer: 'article-manager', value: 'true' }])
    await world.stack.flags.write('/app/test/EMBEDDING_QUEUE_ENABLED' as FlagPath, 'false')
    expect((await echo()).json).toMatchObject([{ consumer: 'article-manager', value: 'false' }])
  })

  it('temporary disable: the worker is told, waited for, and then recorded as stopped; the waiting tasks wait; people and users are told (EMQ-09, EMQ-11, EMQ-76, EMQ-89, EMQ-90, EMQ-91, CON-17)', async () => {
    const before = await world.statuses()
    done(await world.run('partial'))
    expect(await world.flags()).toEqual({ ...SAFE, SEMANTIC_SEARCH_ENABLED: 'true' })
    expect(await world.query('select is_running from public.embedding_worker_status')).toEqual([{ is_running: false }])
    expect(await world.statuses()).toEqual(before)
    const subjects = world.stack.messages().map(({ subject }) => subject ?? '')
    expect(subjects).toEqual(expect.arrayContaining([expect.stringContaining('no new embedding tasks')]))
    expect(subjects).toContain('Search may be limited')
    const { messages, updates } = world.plan
    expect(updates).toBe(30 * 60_000)
    expect(messages.users?.body).toContain('{next-update}')
    expect(messages['users-resolved']).toBeDefined()
  })

  it('a worker that lives on is not taken for a stopped one, whatever its row says (DEF-42)', async () => {
    const worker = await world.worker()
    // What the row alone would say.
    await world.query('update public.embedding_worker_status set is_running = false')
    expect(await world.rowsOf('sql/worker-stopped.sql')).toEqual([{ stopped: false }])
    const { problem } = await world.run('partial')
    expect(problem).toMatchObject({ error: 'Drain.NotEmpty', text: expect.stringContaining('workers 1') })
    await worker.end()
  })

  it('gradual: nothing new, the worker goes on for five minutes, the rest is cancelled, then worker and search are off, and the row of the worker says so, whether or not it was there (EMQ-46, EMQ-47, EMQ-48, EMQ-49, EMQ-51, EMQ-64, DEF-44)', async () => {
    const open = (await world.rowsOf('sql/open-tasks.sql')).length
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
          if (finished === 3) await world.query('delete from public.embedding_worker_status')
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
    expect(await world.query('select id, is_running from public.embedding_worker_status')).toEqual([
      { id: 1, is_running: false },
    ])
    const steps = run.report?.steps ?? []
    const drains = steps.filter(({ kind }) => kind === 'drain').map(({ detail }) => detail)
    expect(drains[0]).toMatch(/^open: pending \d+, processing \d+; .* 300s left$/)
    expect(drains.find((detail) => detail.includes('still open after 5m'))).toContain('sql/cancel-open.sql cancelled')
    expect(steps.find(({ kind, changed }) => kind === 'restart' && changed)?.detail).toContain('search off')
    expect(run.report?.checks).toContainEqual(expect.objectContaining({ name: 'search-by-words', status: 'pass' }))
  })

  it('the worker of the application works tasks off while new ones are synchronous, and stops when it is told to (EMQ-11, EMQ-46, EMQ-76)', async () => {
    const completed = async () => (await world.statuses()).completed ?? 0
    await world.stack.flags.write('/app/test/EMBEDDING_QUEUE_ENABLED' as FlagPath, 'false')
    await world.stack.flags.write('/app/test/embedding/EMBEDDING_WORKER_INTERVAL' as FlagPath, '1')
    const before = await completed()
    await expect.poll(completed, { timeout: 10_000, interval: 50 }).toBeGreaterThan(before + 2)
    await world.stack.flags.write('/app/test/EMBEDDING_WORKER_ENABLED' as FlagPath, 'false')
    const echo = () => world.ask('GET', '/api/feature-flags/EMBEDDING_WORKER_ENABLED').then(({ json }) => json[0].value)
    await expect.poll(echo, { timeout: 10_000, interval: 50 }).toBe('false')
    const stopped = await world.statuses()
    expect(await world.query('select is_running from public.embedding_worker_status')).toEqual([{ is_running: false }])
    expect(await world.statuses()).toEqual(stopped)
    // A row that says otherwise is kept as it was, and put right.
    await world.query('update public.embedding_worker_status set is_running = true')
    const run = done(await world.run('partial'))
    expect(await run.captured('sql/worker-row.sql')).toMatchObject([{ id: 1, is_running: true }])
    expect(await world.query('select is_running from public.embedding_worker_status')).toEqual([{ is_running: false }])
  })

  it.each([
    [
      'articles that may not be written',
      'revoke insert on public.articles from embedding_queue_app',
      'articles-writable',
    ],
    [
      'embeddings that no article holds',
      'alter table public.embeddings drop constraint embeddings_article_id_fkey',
      'integrity',
    ],
    ['a search that finds nothing', `update public.articles set title = '', content = ''`, 'search-answers'],
  ])('%s are noticed after every procedure (EMQ-71, EMQ-72, EMQ-79)', async (_, change, name) => {
    for (const moment of ['flag', 'partial', 'full', 'purge', 'restore', 're-enable'] as const) {
      expect(await asked().failing(moment)).not.toContain(name)
      expect(await asked().failing(moment, change)).toContain(name)
    }
  })

  it('an application that answers no request for articles, search or its MCP server is noticed, and nothing of a test stays (EMQ-69, EMQ-71, EMQ-72, EMQ-73, EMQ-74, EMQ-75, EMQ-80)', async () => {
    const requests = [
      'application-healthy',
      'articles-created-synchronously',
      'articles-listed',
      'article-read',
      'article-changed',
      'search-finds',
      'mcp-answers',
    ]
    for (const name of requests) {
      const check = world.plan.checks[name]
      if (check?.kind !== 'http') throw new Error(`${name} is a request`)
      expect(check.expect.within).toBe(5_000)
      expect(check.after).toEqual(expect.arrayContaining(['flag', 'partial', 'full', 'purge', 'restore']))
    }
    const rows = () => world.query('select slug, title, content from public.articles order by id')
    const before = await rows()
    await world.query('revoke delete on public.articles from embedding_queue_app')
    const kept = await world.run('flag')
    expect(kept.failed).toEqual(['articles-created-synchronously', 'articles-writable'])
    await world.query(
      `delete from public.articles where slug <> all (array[${before.map(({ slug }) => `'${slug}'`).join()}])`,
    )
    await world.query('revoke select on public.articles from embedding_queue_app')
    const { failed } = await world.run('flag')
    expect(failed).toEqual(expect.arrayContaining(requests.slice(1, 6)))
    expect(await rows()).toEqual(before)
  })

  it('an SQL file stops at its first error, and what went before it is taken back (DEF-05)', async () => {
    await world.query(`alter table public.embedding_worker_status add constraint no_row_one check (id <> 1) not valid`)
    await world.query('delete from public.embedding_worker_status')
    const { problem } = await world.run('partial')
    expect(problem?.error).toBe('Postgres.CheckViolation')
    expect(await world.query('select 1 from public.embedding_worker_status')).toEqual([])
  })

  it('the plan is a document before it is run: every step, what is captured, and what is asked (EMQ-83, EMQ-88)', async () => {
    const { stages, checks } = await previewOfPlan(world.plan, 'full')
    expect(stages.map(({ title }) => title)).toEqual(
      expect.arrayContaining(['Contain', 'Drain', 'Retire', 'Snapshot and verify']),
    )
    expect(checks.length).toBeGreaterThan(5)
  })
})
