import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { FlagPath } from '#core/names.ts'
import { done, type QueueWorld, startQueueWorld } from '#test/plans/embedding-queue-world.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres(
  'tasks and settings of the embedding queue, on a real server, as an owner that is no superuser',
  () => {
    let world: QueueWorld
    beforeAll(async () => {
      world = await startQueueWorld()
    })
    beforeEach(() => world.reset())
    afterAll(() => world?.close())

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
      expect(await world.rowsOf('sql/migration-left.sql')).toEqual([{ migration_tasks: '0' }])
      expect(await run.captured('sql/pending-migration.sql')).toHaveLength(pending)
      expect((await run.captured('sql/processing-migration.sql')).length).toBeGreaterThan(0)
      expect(await world.query(others)).toEqual(before)
    })

    it('provider switch: by the provider that tasks record, the others by the last hour and kept as evidence; no two models are compared; the address is one that containers reach; and what was cancelled is queued again (EMQ-03, EMQ-06, EMQ-07, EMQ-25, EMQ-26, EMQ-27, EMQ-28, EMQ-92, DEF-45, DEF-46)', async () => {
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
      expect(
        await count(`metadata->>'provider' = 'ollama' and created_at >= now() - interval '1 hour'`),
      ).toBeGreaterThan(0)
      expect(await world.rowsOf('sql/mixed-with-ollama.sql')).not.toEqual([{ mixed: '0' }])
      const run = done(await world.run('partial', 'provider-to-ollama'))
      expect(await count(`metadata->>'provider' = 'openai'`)).toBe(0)
      expect(await count(`metadata->>'provider' = 'ollama' and metadata->>'reason' is distinct from 'reindex'`)).toBe(
        ollama,
      )
      expect(await world.rowsOf('sql/mixed-with-ollama.sql')).toEqual([{ mixed: '0' }])
      const captured = await run.captured('sql/openai-tasks.sql')
      expect(await world.failures('Provider rollback - task cancelled')).toBe(captured.length)
      expect(await world.parameter('embedding/EMBEDDING_PROVIDER')).toBe('ollama')
      expect(await world.parameter('embedding/OLLAMA_BASE_URL')).toBe('http://ollama.internal:11434')
      expect(await world.parameter('embedding/OLLAMA_BASE_URL')).not.toContain('localhost')
      // What reads its settings at its start alone has started since.
      const kinds = run.report?.steps.map(({ kind }) => kind) ?? []
      expect(kinds.indexOf('restart')).toBeGreaterThan(kinds.indexOf('throttle'))
      done(await world.run('partial', 'provider-to-openai'))
      expect(await world.parameter('embedding/EMBEDDING_PROVIDER')).toBe('openai')
      const reason = 'The business wants it so.'
      const { report } = done(await world.run('partial', 'requeue-cancelled', { reason }))
      const ids = captured.map(({ id }) => String(id))
      expect(
        await world.query(
          `select 1 from public.embedding_tasks where id in (${ids.join(', ')}) and status <> 'pending'`,
        ),
      ).toEqual([])
      expect(report).toMatchObject({ reason, path: 'partial', scenario: 'requeue-cancelled' })
      expect(report?.startedBy.kind).toBe('person')
      expect(report?.timeline.length).toBeGreaterThan(3)
      expect(Object.keys(world.plan.paths)).toEqual(expect.arrayContaining(['flag', 'partial', 'full', 'restore']))
      expect(Object.keys(world.plan.paths.partial?.scenarios ?? {})).toEqual(
        expect.arrayContaining(['configuration-rollback', 'migration-tasks', 'emergency-stop', 'gradual']),
      )
    })

    it('resource relief: slower, smaller, longer, and tasks of low priority cancelled; when it is over, what was there before (EMQ-04, EMQ-40, EMQ-41, EMQ-42, EMQ-43, EMQ-44, DEF-34, DEF-35)', async () => {
      const low = await world.query(
        `select 1 from public.embedding_tasks where status = 'pending' and priority = 'low'`,
      )
      done(await world.run('partial', 'resource-relief'))
      const { report } = done(await world.run('partial', 'resource-relief'))
      expect(report?.steps.map(({ kind }) => kind)).toContain('restart')
      expect(report?.checks).toContainEqual(expect.objectContaining({ name: 'settings-relieved', status: 'pass' }))
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
      expect(await settings()).toEqual(['3600000', '64', '300000'])
    })

    it('configuration rollback: the state of the queue is kept, and every setting is what was recorded as good, in the running application too (EMQ-15, EMQ-16, EMQ-17, EMQ-19, EMQ-20, EMQ-87)', async () => {
      const open = await world.rowsOf('sql/open-tasks.sql')
      const run = done(await world.run('partial', 'configuration-rollback'))
      expect(await run.captured('sql/open-tasks.sql')).toHaveLength(open.length)
      expect(await world.parameter('embedding/EMBEDDING_WORKER_INTERVAL')).toBe('5000')
      expect(await world.parameter('embedding/EMBEDDING_PROVIDER')).toBe('openai')
      expect(run.report?.steps.find(({ kind, changed }) => kind === 'restart' && changed)).toBeDefined()
      expect(run.report?.checks).toContainEqual(
        expect.objectContaining({ name: 'settings-as-recorded', status: 'pass' }),
      )
      await world.stack.flags.write('/app/test/embedding/EMBEDDING_MAX_RETRIES' as FlagPath, '50')
      expect((await world.ask('GET', '/api/settings')).json).toMatchObject({ EMBEDDING_MAX_RETRIES: '50' })
    })

    it('single settings go back to interval 5000, retries 3 and batch 1, and are read back (EMQ-18, DEF-34)', async () => {
      done(await world.run('partial', 'settings-rollback'))
      const values = ['INTERVAL', 'RETRIES', 'SIZE'].map((_, i) =>
        world.parameter(
          `embedding/${['EMBEDDING_WORKER_INTERVAL', 'EMBEDDING_MAX_RETRIES', 'EMBEDDING_BATCH_SIZE'][i]}`,
        ),
      )
      expect(await Promise.all(values)).toEqual(['5000', '3', '1'])
    })
  },
)
