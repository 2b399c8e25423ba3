import { afterEach, beforeEach, expect, test } from 'vitest'
import { captureTable } from '#core/ddl/capture.ts'
import { type BuildResult, builderName, buildIndex } from '#core/restore/build-index.ts'
import { type IndexToBuild, indexesToBuild, listPendingIndexes } from '#core/restore/index-to-build.ts'
import { createWorld, type World } from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

const TABLE = { schema: 'public', name: 'items' }
const SCHEMA = `create table public.items (id integer, embedding public.vector(64));
  insert into public.items select n, array(select random() from generate_series(1, 64) where n > 0)::real[]::public.vector from generate_series(1, 2000) n;
  create index items_embedding_idx on public.items using hnsw (embedding public.vector_l2_ops) with (m = 12, ef_construction = 40);
  create unique index items_id_idx on public.items (id, (id + 1));
  alter index public.items_id_idx alter column 2 set statistics 77;
  comment on index public.items_id_idx is 'it''s unique';
  alter table public.items cluster on items_id_idx;`
const OPTIONS = { applicationName: 'vector-rollback:search:1:build', memoryBudget: 2 ** 28, workers: 0 }

describePostgres('building an index', () => {
  let world: World
  let vector: IndexToBuild
  let unique: IndexToBuild
  let before: string
  beforeEach(async () => {
    world = await createWorld(SCHEMA, [TABLE])
    const definition = await world.session((s) => captureTable(s, TABLE))
    const [first, second] = indexesToBuild(definition, TABLE, { mode: 'plain', rows: 2000 })
    if (!first || !second) throw new Error('there are two indexes')
    vector = first
    unique = second
    before = world.dump()
    await world.query('drop index public.items_embedding_idx, public.items_id_idx')
  })
  afterEach(() => world.close())

  const build = (index: IndexToBuild, waitMs = 60_000): Promise<BuildResult> =>
    world.session((s) => buildIndex(s, index, { ...OPTIONS, waitMs }))
  const pending = () => world.session((s) => listPendingIndexes(s, [vector, unique]))
  const definitionOf = (name: string) =>
    world.query(`select pg_get_indexdef(indexrelid) as definition from pg_index
      where indexrelid = to_regclass('public.${name}') and indisvalid`)
  const untilBuilt = async (index: IndexToBuild): Promise<BuildResult[]> => {
    const results: BuildResult[] = []
    do results.push(await build(index, 1))
    while (results.at(-1)?.state !== 'built')
    return results
  }

  test('gives back the definition, and leaves alone what is built', async () => {
    expect((await pending()).map(({ name }) => name)).toEqual(['items_embedding_idx', 'items_id_idx'])
    expect(await build(vector)).toMatchObject({ state: 'built', changed: true, fitsMemory: true })
    expect(await build(unique)).toMatchObject({ state: 'built', changed: true })
    expect(await pending()).toEqual([])
    expect(await build(vector)).toMatchObject({ state: 'built', changed: false })
    expect(await definitionOf('items_embedding_idx')).toEqual([
      {
        definition:
          `CREATE INDEX items_embedding_idx ON public.items USING hnsw (embedding public.vector_l2_ops) WITH (m='12', ef_construction='40')`.replace(
            'public.vector_l2_ops',
            'vector_l2_ops',
          ),
      },
    ])
  })

  test('a build longer than the function goes on without it, and is found again until it is done', async () => {
    const [first, ...others] = await untilBuilt(vector)
    expect(first).toMatchObject({ state: 'started', changed: true })
    expect(others.slice(0, -1).every(({ state }) => state === 'running')).toBe(true)
    expect(await pending()).toEqual([unique])
  })

  test('a build that was ended is started again', async () => {
    expect(await build(vector, 1)).toMatchObject({ state: 'started' })
    const name = builderName(OPTIONS.applicationName, vector)
    await world.query(
      `select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = '${name}'`,
    )
    const [again] = await untilBuilt(vector)
    expect(again).toMatchObject({ state: 'started' })
    expect(await definitionOf('items_embedding_idx')).toHaveLength(1)
  })

  test('two functions at once start one build', async () => {
    const results = await Promise.all([build(vector, 1), build(vector, 1)])
    expect(results.map(({ state }) => state).sort()).toEqual(['running', 'started'])
    await untilBuilt(vector)
  })

  test('an invalid index is cleared away and built again, concurrently on a table in service', async () => {
    await build(vector)
    await world.query('insert into public.items values (1, null), (1, null)')
    const inService: IndexToBuild = { ...unique, mode: 'concurrently' }
    await expect(build(inService)).rejects.toThrow('could not create unique index')
    expect(
      await world.query(`select indisvalid from pg_index where indexrelid = 'public.items_id_idx'::regclass`),
    ).toEqual([{ indisvalid: false }])
    expect((await pending()).map(({ name }) => name)).toContain('items_id_idx')
    await world.query('delete from public.items where embedding is null')
    expect(await build(inService)).toMatchObject({ state: 'built', changed: true })
    expect(await build(inService)).toMatchObject({ state: 'built', changed: false })
    expect(world.dump()).toBe(before)
  })

  test('an index that was built by a function killed right after gets its comment and settings', async () => {
    const inService: IndexToBuild = { ...unique, mode: 'concurrently' }
    await build(vector)
    await build(unique)
    expect(await world.session((s) => listPendingIndexes(s, [inService]))).toEqual([inService])
    expect(await build(inService)).toMatchObject({ state: 'built', changed: true })
    expect(world.dump()).toBe(before)
  })

  test('another index under the name is refused, with both definitions', async () => {
    await world.query(
      'create index items_embedding_idx on public.items using hnsw (embedding public.vector_cosine_ops)',
    )
    await expect(build(vector)).rejects.toThrow(
      expect.objectContaining({ name: 'Index.NameTaken', message: expect.stringContaining('vector_cosine_ops') }),
    )
  })

  test('says when the graph will not fit into the memory that it may have', async () => {
    const large = { ...vector, memory: 10 * OPTIONS.memoryBudget }
    expect(await build(large)).toMatchObject({ state: 'built', fitsMemory: false })
  })
})
