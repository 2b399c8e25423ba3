import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { Table } from '#core/names.ts'
import type { Database } from '#core/ports.ts'
import { type DeepInput, deepVerify } from '#core/restore/deep-verify.ts'
import { makeScratch, scratchSchema } from '#core/restore/scratch.ts'
import { sidecarKey } from '#core/snapshot/keys.ts'
import { type Manifest, manifestDigest, readManifest } from '#core/snapshot/manifest.ts'
import {
  createWorld,
  environment,
  nastySchema,
  PLAN,
  SMALL_SCHEMA,
  SMALL_TABLES,
  SNAPSHOT,
  snapshotAll,
  tamper,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { createDatabase, describePostgres } from '#test/support/database.ts'

const NAME = { plan: PLAN, snapshot: SNAPSHOT, environment }
const KEY = `snapshots/${PLAN}/${SNAPSHOT}/manifest.json`
const NASTY_TABLES: readonly Table[] = [
  { schema: 'public', name: 'documents' },
  { schema: 'Söhne & "Co"', name: 'Stücke; "drop"' },
  { schema: 'public', name: 'empty_table' },
  { schema: 'public', name: 'no_columns' },
]

describePostgres('a deep verification', () => {
  let world: World
  const begin = async (schema: string, tables: readonly Table[]) => {
    world = await createWorld(schema, tables)
    await snapshotAll(world)
  }
  beforeEach(() => begin(SMALL_SCHEMA, SMALL_TABLES))
  afterEach(() => world.close())

  const verify = (database: Database = world.database, more: Partial<DeepInput> = {}) =>
    deepVerify(database, world.objects, {
      ...NAME,
      concurrency: 2,
      vectorIndexes: 'leave out',
      memoryBudget: 2 ** 28,
      ...more,
    })
  const failuresOf = async () => (await verify()).failures.map(({ name, message }) => `${name}: ${message}`)
  const scratchLeft = async () =>
    (await world.query(`select from pg_namespace where nspname like 'vector_rollback_verify%'`)).length

  /** The manifest with a part of it changed, and signed again. */
  const resign = async (change: (text: string) => string) => {
    const manifest = await readManifest(world.objects, NAME)
    const { sha256: _, ...changed } = JSON.parse(change(JSON.stringify(manifest))) as Manifest
    await world.objects.write(KEY, JSON.stringify({ ...changed, sha256: manifestDigest(changed) }))
  }
  const keysOf = async () => {
    const keys: string[] = []
    for await (const { key } of world.objects.list('')) keys.push(key)
    return keys
  }

  test('restores every row and every definition beside the real names, and leaves nothing, there or in the bucket', async () => {
    await world.close()
    await begin(nastySchema(), NASTY_TABLES)
    const [dump, keys] = [world.dump(), await keysOf()]
    const { failures, tables, indexes } = await verify(world.database, { vectorIndexes: 'build' })
    expect(failures.map(({ message }) => message)).toEqual([])
    expect(tables.map(({ name }) => name).sort()).toEqual(NASTY_TABLES.map(({ name }) => name).sort())
    expect(indexes.leftOut).toEqual([])
    expect(indexes.built.length).toBeGreaterThan(1)
    expect(await scratchLeft()).toBe(0)
    expect(world.dump()).toBe(dump)
    expect(await keysOf()).toEqual(keys)
  })

  test('works in another database, which needs the extension alone; vector indexes are built when asked for', async () => {
    const other = await createDatabase()
    onTestFinished(() => other.drop())
    const database = postgres({ url: other.url })
    expect(await verify(database)).toMatchObject({
      failures: [],
      indexes: { built: [], leftOut: ['items_embedding_idx'] },
      tables: [{ rows: 50 }, { rows: 100 }],
    })
    expect(await verify(database, { vectorIndexes: 'build' })).toMatchObject({
      failures: [],
      indexes: { built: ['items_embedding_idx'], leftOut: [] },
    })
  })

  test('says which extension is missing, and makes nothing', async () => {
    const other = await createDatabase({ extension: false })
    onTestFinished(() => other.drop())
    await expect(verify(postgres({ url: other.url }))).rejects.toMatchObject({ name: 'Restore.ExtensionMissing' })
  })

  test('finds rows that are not those of the manifest, though every object is intact', async () => {
    const { tables } = await readManifest(world.objects, NAME)
    const forged = 'f'.repeat(32)
    await resign((text) => tables.reduce((all, { digest }) => all.replaceAll(digest, forged), text))
    // Whoever forges the manifest alone is found by what the parts say of themselves.
    for (const { key, digest } of tables.flatMap(({ parts }) => parts)) {
      await tamper(world.objects, sidecarKey(key), (body) => body.toString().replace(digest, forged))
    }
    const failures = await failuresOf()
    expect(failures).toHaveLength(2)
    expect(failures[0]).toMatch(/^Verify\.RowsDiffer: Table "public\.items"/)
    expect(failures[1]).toMatch(/^Verify\.RowsDiffer: Table "public\.notes"/)
    expect(await scratchLeft()).toBe(0)
  })

  test('finds definitions that do not come back as the manifest says', async () => {
    await resign((text) =>
      text
        .replace('PRIMARY KEY (id)', 'PRIMARY KEY ( id )')
        .replace('"method":"hnsw"', '"method":"hash"')
        .replace('"persistence":"permanent"', '"persistence":"temporary"'),
    )
    const failures = await failuresOf()
    expect(failures.every((failure) => failure.startsWith('Verify.DefinitionDiffers: "public.items"'))).toBe(true)
    expect(failures.join()).toContain('storage')
    expect(failures.join()).toContain('constraint "items_pkey"')
    expect(failures.join()).toContain('index "items_embedding_idx"')
  })

  test('finds rows that do not fit together', async () => {
    await world.close()
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
    await world.query(`alter table public.notes drop constraint notes_item_fkey;
      insert into public.notes (item, body) values (4711, 'of no item');
      alter table public.notes add foreign key (item) references public.items (id) not valid`)
    await snapshotAll(world)
    expect(await failuresOf()).toEqual([])
    await resign((text) => text.replaceAll('"validated":false', '"validated":true'))
    expect(await failuresOf()).toEqual([expect.stringContaining('notes_item_fkey')])
    expect(await scratchLeft()).toBe(0)
  })

  test('that was killed leaves tables which the next one of the same snapshot clears away', async () => {
    const manifest = await readManifest(world.objects, NAME)
    await world.session((s) => makeScratch(s, manifest, scratchSchema(NAME, manifest)))
    expect(await scratchLeft()).toBe(2)
    expect(await failuresOf()).toEqual([])
    expect(await scratchLeft()).toBe(0)
  })

  test('is not disturbed by a second one, which is told to wait', async () => {
    const manifest = await readManifest(world.objects, NAME)
    await world.session(async (s) => {
      await makeScratch(s, manifest, scratchSchema(NAME, manifest))
      await expect(verify()).rejects.toMatchObject({ name: 'Verify.Busy', category: 'busy' })
      expect(await scratchLeft()).toBe(2)
    })
  })

  test('destroys nothing that somebody else put into its schema', async () => {
    const manifest = await readManifest(world.objects, NAME)
    const side = scratchSchema(NAME, manifest)
    await world.session(async (s) => {
      await makeScratch(s, manifest, side)
      await s.script(`create table ${side.notes}.precious (n integer)`)
    })
    await expect(verify()).rejects.toMatchObject({ name: 'Postgres.DependentObjects' })
    expect(await world.query(`select from pg_class where relname = 'precious'`)).toHaveLength(1)
  })
})
