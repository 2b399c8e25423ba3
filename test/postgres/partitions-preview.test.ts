import { afterEach, beforeEach, expect, test } from 'vitest'
import { findIndex } from '#core/indexes/drop.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { previewOnDatabase } from '#core/preview/preview.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { createWorld, type World } from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

const ROOT = { schema: 'public', name: 'embeddings' }
const SCHEMA = `
  create table public.embeddings (id bigint, embedding public.vector(3)) partition by range (id);
  create table public.embeddings_low partition of public.embeddings for values from (minvalue) to (100) partition by hash (id);
  create table public.embeddings_low_0 partition of public.embeddings_low for values with (modulus 1, remainder 0);
  create table public.embeddings_rest partition of public.embeddings default;
  create index embeddings_idx on public.embeddings using hnsw (embedding public.vector_l2_ops);
  create index rest_only on public.embeddings_rest (id);`
const TREE = ['embeddings', 'embeddings_low', 'embeddings_rest', 'embeddings_low_0'].map((name) => `public.${name}`)

describePostgres('a plan that names a partitioned table', () => {
  let world: World
  let plan: Plan
  beforeEach(async () => {
    world = await createWorld(SCHEMA, [ROOT])
    plan = await loadPlan(
      await planFolder({ 'plan.yaml': edited(['after: 7d, approve: [lead]', 'after: 0s, approve: [lead]']) }),
    )
  })
  afterEach(() => world.close())

  test('is previewed with all of its partitions, locked and destroyed', async () => {
    const preview = await previewOnDatabase(plan, 'full', world.database, { now: new Date() })
    expect(preview.refusals.filter(({ name }) => name.startsWith('Retire.') || name.startsWith('Purge.'))).toEqual([])
    expect(preview.tables.map(({ schema, name }) => `${schema}.${name}`)).toEqual(TREE)
    const text = JSON.stringify(preview.stages)
    for (const name of TREE) expect(text).toContain(`ACCESS EXCLUSIVE on ${name}`)
    for (const name of TREE) expect(JSON.stringify(preview.destroys)).toContain(`table ${name}`)
  })

  test('has no index dropped that its partitions share, and may have one dropped that is of a partition alone', async () => {
    const find = (name: string) => world.session((s) => findIndex(s, { schema: 'public', name }, [ROOT]))
    await expect(find('embeddings_idx')).rejects.toMatchObject({ name: 'Index.Partitioned', category: 'refused' })
    await expect(find('embeddings_rest_embedding_idx')).rejects.toMatchObject({ name: 'Index.Partitioned' })
    expect(await find('rest_only')).toMatchObject({ table: { name: 'embeddings_rest' } })
  })
})
