import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { done, type QueueWorld, SAFE, startQueueWorld } from '#test/plans/embedding-queue-world.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres(
  'articles that the embedding queue has spoilt, on a real server, as an owner that is no superuser',
  () => {
    let world: QueueWorld
    beforeAll(async () => {
      world = await startQueueWorld()
    })
    beforeEach(() => world.reset())
    afterAll(() => world?.close())

    it('emergency stop: nothing is processed any more, with the reason and the time of it, and search is off; by what the runbook asks then, no column and no row answers (EMQ-29, EMQ-30, EMQ-31, EMQ-32, EMQ-33, EMQ-34, DEF-06, DEF-41)', async () => {
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
        expect.arrayContaining([
          'nothing-processing pass',
          'worker-stopped pass',
          'search-off pass',
          'search-by-words pass',
        ]),
      )
      await expect(
        world.query(
          `SELECT DISTINCT article_id, slug FROM embedding_tasks WHERE status = 'processing' AND processed_at >= NOW() - INTERVAL '1 hour'`,
        ),
      ).rejects.toMatchObject({ code: '42703' })
      expect(await world.query(`select 1 from public.embedding_tasks where status = 'processing'`)).toEqual([])
      // By when it began, the stop has taken nothing away.
      expect((await world.rowsOf('sql/affected-tasks.sql')).length).toBeGreaterThan(0)
    })

    it('isolation captures what was processed, stops, and marks those articles; their other metadata stays (EMQ-02, EMQ-35, EMQ-36, EMQ-37, DEF-06)', async () => {
      const affected = (await world.rowsOf('sql/affected-tasks.sql')) as { article_id: string; slug: string }[]
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
  },
)
