import { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { sql } from '#core/sql/tag.ts'
import {
  EVERYBODY,
  MEMORY_FOLDER,
  MIGRATED,
  revisionOf,
  startMemory,
  stateOf,
  statuses,
} from '#test/plans/memory-chunks-world.ts'
import { describePostgres } from '#test/support/database.ts'
import type { World } from '#test/support/paths.ts'

describePostgres('memory-chunks in service, in the order of one day', () => {
  let world: World
  let plan: Plan
  let before: Awaited<ReturnType<typeof stateOf>>
  /** From before the damage. */
  let snapshot = ''
  beforeAll(async () => {
    plan = await loadPlan(MEMORY_FOLDER)
    world = await startMemory(300)
    before = await stateOf(world)
    world.approvers = EVERYBODY
  })
  afterAll(() => world?.close())

  const owned = <T extends Record<string, unknown>>(text: string): Promise<T[]> =>
    postgres({ url: world.db.url }).session({ applicationName: 'test' }, async (session) => {
      const { rows } = await session.query(sql.raw(text))
      return rows as T[]
    })
  const another = async (): Promise<Client> => {
    const client = new Client(world.db.superuserUrl)
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }

  test('slow indexes go first, concurrently: behind a reader, a plain DROP INDEX makes the next reader wait, and the partial path makes nobody wait; table, rows and revision stay (MEM-28, MEM-45, MEM-46, MEM-48, MEM-63, DEF-11)', async () => {
    const [idle, dropper, next] = [await another(), await another(), await another()]
    await idle.query('begin; select count(*) from public.memory_chunks')
    await next.query(`set lock_timeout = '200ms'`)
    const plain = dropper.query(`set lock_timeout = '2s'; drop index public.idx_memory_chunks_embedding_hnsw`)
    plain.catch(() => undefined)
    await expect
      .poll(
        () =>
          next.query('select 1 from public.memory_chunks').then(
            () => null,
            (error) => error.code,
          ),
        { interval: 20 },
      )
      .toBe('55P03')
    await expect(plain).rejects.toMatchObject({ code: '55P03' })

    const rolledBack = world.run('partial')
    let done = false
    const ended = rolledBack.finally(() => {
      done = true
    })
    const waiting = `
      select count(*)::int as n from pg_stat_activity
       where query ilike 'drop index concurrently%' and wait_event_type = 'Lock' and datname = current_database()`
    await expect
      .poll(() => next.query(waiting).then(({ rows }) => rows[0].n), { timeout: 30_000, interval: 50 })
      .toBe(1)
    for (let reads = 0; reads < 20; reads += 1) await next.query('select 1 from public.memory_chunks')
    expect(done).toBe(false)
    await idle.query('rollback')
    const { report, problem } = await ended
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    expect(await stateOf(world)).toEqual({ ...before, schema: expect.not.stringContaining('USING hnsw') })
    // The half hour after it asks what relay-api publishes and logs.
    const looks = report?.watch ?? []
    expect(looks.map(({ tier, status }) => [tier, status])).toContainEqual([3, 'pass'])
    expect((await loadPlan(MEMORY_FOLDER)).watch?.tiers.at(-1)?.checks).toEqual(
      expect.arrayContaining(['streaming-fast', 'few-errors', 'memory-free', 'no-memory-errors']),
    )
  })

  test('an index cannot be disabled: its definition is recorded, it goes concurrently and is built from the record (MEM-53, DEF-70)', async () => {
    await expect(world.query('alter index public.memory_chunks_pkey disable')).rejects.toMatchObject({ code: '42601' })
    expect(await owned(plan.sql['sql/vector-indexes.sql'] ?? '')).toEqual([])
    const { report, problem } = await world.run('restore')
    expect([problem, report?.outcome]).toEqual([null, 'restored'])
    expect(report?.watch).toContainEqual(expect.objectContaining({ after: 'restore', tier: 3, status: 'pass' }))
    expect(await stateOf(world)).toEqual(before)
    expect(
      await owned(`select pg_get_indexdef('public.idx_memory_chunks_embedding_hnsw'::regclass) as definition`),
    ).toEqual([
      {
        definition: expect.stringMatching(
          /USING hnsw .*WITH \(m='4', ef_construction='8'\) WHERE \(archived_at IS NULL\)$/,
        ),
      },
    ])
  })

  test('DROP TABLE fails on what depends on it, and CASCADE takes it along; here it is named, and nothing happens (DEF-66)', async () => {
    await owned('create view public.recent_memory as select id, content from public.memory_chunks')
    const client = await another()
    await client.query('begin')
    await expect(client.query('drop table public.memory_chunks')).rejects.toMatchObject({ code: '2BP01' })
    await client.query('rollback')

    const { problem } = await world.run('full')
    expect(problem).toMatchObject({ error: 'Retire.Refused', category: 'refused' })
    expect(problem?.text).toContain('view public.recent_memory')
    expect(await revisionOf(world)).toEqual([MIGRATED])
    await owned('drop view public.recent_memory')
  })

  test('a manual rollback leaves the ledger at the undone revision; here both are one transaction, and the way back is one too (DEF-65)', async () => {
    const client = await another()
    await client.query('begin; drop table public.memory_chunks')
    expect((await client.query('select version_num as v from alembic_version')).rows).toEqual([{ v: MIGRATED }])
    await client.query('rollback')
    const { incident, problem } = await world.run('full')
    expect(problem).toBeNull()
    snapshot = incident
    const [ledger] = await world.query<{ xmin: string }>('select xmin::text from public.alembic_version')
    const [moved] = await world.query<{ xmin: string }>(`
      select xmin::text from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`)
    expect(moved?.xmin).toBe(ledger?.xmin)
    expect((await world.run('restore')).problem).toBeNull()
    expect(await stateOf(world)).toEqual(before)
  })

  test('corrupt rows: the full path takes them out of reach, the snapshot from before comes in their place, and they are kept (MEM-01, MEM-64)', async () => {
    await world.query(`update public.memory_chunks set content = 'scrambled' where id % 7 = 0`)
    expect((await world.run('full')).problem).toBeNull()
    const { report, problem } = await world.run('restore', { snapshot })
    expect([problem, report?.outcome]).toEqual([null, 'restored'])
    expect(statuses(report)).toEqual(new Set(['pass']))
    expect(await stateOf(world)).toEqual(before)
    const kept = await world.query<{ n: number }>(`
      select count(*)::int as n from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`)
    expect(kept).toEqual([{ n: 1 }])
  })

  test('whatever a script exports, a database that is not the one of the plan is refused before it is touched (DEF-67)', async () => {
    await world.query(`comment on database "${world.db.name}" is 'another system'`)
    const { problem } = await world.run('full')
    expect(problem).toMatchObject({ error: expect.stringContaining('Database.'), category: 'refused' })
    expect(await owned(`select to_regclass('public.memory_chunks') is not null as there`)).toEqual([{ there: true }])
    await world.query(`comment on database "${world.db.name}" is 'memory-chunks'`)
  })
})
