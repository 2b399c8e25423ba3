import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunReport } from '#core/report/model.ts'
import { dumpSchema } from '#test/postgres/ddl-roundtrip-schema.ts'
import { describePostgres } from '#test/support/database.ts'
import { EVERYBODY, FLAG, startWorld, type World } from '#test/support/paths.ts'

const DAY = 86_400_000
/** By the exact distance: what is compared is the data, not the approximation of an index. */
const TOP = `
  select e.id, e.chunk_id, (e.embedding <=> (select embedding from public.embeddings order by id limit 1))::text as distance
    from public.embeddings e order by 3, 1 limit 10`
const ROWS = `
  select (select count(*) from public.embeddings) as embeddings, (select count(*) from public.document_chunks) as chunks,
         (select md5(string_agg(e::text, ',' order by id)) from public.embeddings e) as embedding_rows,
         (select md5(string_agg(c::text, ',' order by id)) from public.document_chunks c) as chunk_rows`
const VECTOR_INDEXES = `
  select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
   where a.amname in ('hnsw', 'ivfflat')`
const met = (report: RunReport | null) => report?.budgets.filter(({ met }) => met).map(({ name }) => name)
/** Each of these was done, and none of them before the one before it was done for the first time. */
const inOrder = (report: RunReport | null, ...wanted: string[]) => {
  const done = report?.steps.map(({ kind }) => kind).filter((kind) => wanted.includes(kind))
  expect([...new Set(done)]).toEqual(wanted)
}
const kinds = (steps: readonly { kind: string }[] | undefined) => new Set(steps?.map(({ kind }) => kind))

describePostgres('the four paths of pgvector-search on a real server, as an owner that is no superuser', () => {
  let world: World
  let schema: string
  let top: unknown
  let rows: unknown
  const same = async () => {
    expect(await world.query(TOP)).toEqual(top)
    expect(await world.query(ROWS)).toEqual(rows)
    expect(await dumpSchema(world.db)).toBe(schema)
  }
  const flag = async () => (await world.stack.flags.read(FLAG as never))?.value

  beforeAll(async () => {
    world = await startWorld()
    await world.stack.flags.write(FLAG as never, 'true')
    // The schema of retired tables is there from the bootstrap on, before and after.
    schema = await dumpSchema(world.db)
    top = await world.query(TOP)
    rows = await world.query(ROWS)
  })
  afterAll(() => world?.close())

  test('flag: the flag is off, and the database is untouched (PGV-16, PGV-17, PGV-20)', async () => {
    const { report, problem } = await world.run('flag')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(report?.checks.map(({ status }) => status)).not.toContain('fail')
    expect(met(report)).toEqual(['contained', 'total'])
    expect(await flag()).toBe('false')
    await same()
  })

  test('partial: tables and rows stay, and no vector index is left, valid or not (PGV-21, PGV-22, PGV-23, PGV-26)', async () => {
    const { report, problem } = await world.run('partial')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(met(report)).toEqual(['contained', 'total'])
    inOrder(report, 'contain', 'drop-indexes')
    expect(await world.query(VECTOR_INDEXES)).toEqual([])
    expect(await world.query(TOP)).toEqual(top)
    expect(await world.query(ROWS)).toEqual(rows)
  })

  test('restore after partial: the index is back as it was', async () => {
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(await world.query(VECTOR_INDEXES)).toEqual([{ relname: 'embeddings_embedding_idx', indisvalid: true }])
    expect(await flag()).toBe('false')
    await same()
  })

  test('full: nothing is left to read or find under the old names, and a sealed snapshot holds every row (PGV-27, PGV-29, PGV-30, PGV-31, PGV-34)', async () => {
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(met(report)).toEqual(['contained', 'total'])
    inOrder(report, 'contain', 'retire', 'snapshot-part', 'seal-snapshot', 'verify-snapshot')
    for (const table of ['embeddings', 'document_chunks']) {
      await expect(world.query(`select 1 from public.${table}`)).rejects.toMatchObject({ code: '42P01' })
      await expect(world.query(`set role pgvector_search_app; select 1 from public.${table}`)).rejects.toMatchObject({
        code: '42P01',
      })
      await world.query('reset role')
    }
    expect(
      await world.query(
        `select 1 from information_schema.tables where table_name in ('embeddings', 'document_chunks')`,
      ),
    ).toEqual([])
    expect(report?.snapshot?.tables.map(({ name, rows }) => [name, rows]).sort()).toEqual([
      ['document_chunks', 300],
      ['embeddings', 300],
    ])
  })

  test('full again: it finds what is done, and ends the same', async () => {
    const { report, problem } = await world.run('full')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(
      report?.steps.filter(({ kind, changed }) => changed && kind !== 'preserve-evidence' && kind !== 'notify'),
    ).toEqual([])
  })

  test('restore of retired tables: undo gives back a byte-equal schema, the rows, and the same answers', async () => {
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(kinds(report?.steps)).toContain('undo-retire')
    await same()
  })

  test('purge before its time is refused, and nothing is destroyed', async () => {
    await world.run('full')
    world.approvers = EVERYBODY
    const { problem } = await world.run('purge')
    expect(problem).toMatchObject({ error: 'Purge.TooEarly', category: 'refused' })
    expect(
      await world.query(
        `select count(*)::int as n from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`,
      ),
    ).toEqual([{ n: 2 }])
  })

  test('purge that nobody approves needs a human, and nothing is destroyed (PGV-28, DEF-73)', async () => {
    world.stack.clock.travel(8 * DAY)
    world.approvers = EVERYBODY.filter(({ role }) => role === 'dba')
    const { problem, report } = await world.run('purge')
    expect(problem).toMatchObject({ error: 'Approval.Missing', category: null })
    expect(report?.outcome).toBe('needs-human')
    expect(
      await world.query(
        `select count(*)::int as n from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`,
      ),
    ).toEqual([{ n: 2 }])
  })

  test('purge by one person in both roles is not approved', async () => {
    world.approvers = ['team-lead', 'dba'].map((role) => ({ role, name: 'The Same Person' }))
    expect((await world.run('purge')).problem?.error).toBe('Approval.Missing')
  })

  test('purge by a snapshot that was damaged meanwhile asks nobody, and nothing is destroyed', async () => {
    world.approvers = EVERYBODY
    const { objects } = world.stack
    const keys: string[] = []
    for await (const { key } of objects.list('snapshots/')) if (key.endsWith('.copy.zst')) keys.push(key)
    const [key = ''] = keys.toReversed()
    const part = Buffer.from((await objects.read(key))?.body ?? [])
    await objects.write(key, Buffer.from(part).fill((part[100] ?? 0) ^ 1, 100, 101))
    const { problem, states } = await world.run('purge')
    expect(problem).toMatchObject({ error: 'Snapshot.PartCorrupt', text: expect.stringContaining(key) })
    expect(states.map(({ name }) => name)).not.toContain('Ask to purge')
    await objects.write(key, part)
  })

  test("purge: the runbook's own verification finds the tables gone, and the extension is kept (PGV-32, DEF-13)", async () => {
    world.approvers = EVERYBODY
    const { report, problem } = await world.run('purge')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(
      await world.query(
        `SELECT table_name FROM information_schema.tables WHERE table_name IN ('embeddings', 'document_chunks')`,
      ),
    ).toEqual([])
    expect(await world.query(`SELECT extname FROM pg_extension WHERE extname = 'vector'`)).toEqual([
      { extname: 'vector' },
    ])
    expect(
      await world.query(`select relname from pg_class where relname ~ '^r[0-9a-f]{12}_[0-9]+$' and relkind = 'r'`),
    ).toEqual([])
    expect(report?.loss).toContain('600 rows')
  })

  test('purge again: there is nothing to do', async () => {
    expect((await world.run('purge')).report?.outcome).toBe('nothing-to-do')
  })

  test('restore from the snapshot: rows, indexes, policies, grants and answers are what they were, and the feature is on (PGV-48, DEF-71)', async () => {
    const { report, problem } = await world.run('restore')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(kinds(report?.steps)).toContain('swap-in')
    await same()
    expect(await flag()).toBe('true')
  })

  test('restore again: there is nothing left to restore, and nothing changes', async () => {
    expect((await world.run('restore')).problem).toBeNull()
    await same()
  })
})
