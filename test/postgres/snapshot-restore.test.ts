import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Table } from '#core/names.ts'
import { purge } from '#core/purge/purge.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { planParts } from '#core/snapshot/plan-parts.ts'
import { snapshotPart } from '#core/snapshot/snapshot-part.ts'
import { verifySnapshot } from '#core/snapshot/verify.ts'
import {
  buildAll,
  choose,
  copyAll,
  createWorld,
  environment,
  nastySchema,
  PLAN,
  prepareAndLoad,
  RESTORE,
  SNAPSHOT,
  seal,
  swap,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const TABLES: readonly Table[] = [
  { schema: 'public', name: 'documents' },
  { schema: 'Söhne & "Co"', name: 'Stücke; "drop"' },
  { schema: 'public', name: 'empty_table' },
  { schema: 'public', name: 'no_columns' },
]

/** What an application sees: rows as text, a search by distance, the next values of the sequences. */
async function look({ query }: World) {
  return {
    documents: await query('select d::text, xmin is not null as there from public.documents d order by id'),
    pieces: await query('select s::text from "Söhne & ""Co"""."Stücke; ""drop""" s order by "Nr."'),
    counts: await query('select (select count(*) from public.empty_table), (select count(*) from public.no_columns)'),
    nearest: await query(
      `select id, embedding operator(public.<->) '[7,3,1,1]' as distance from public.documents where embedding is not null order by 2, 1 limit 10`,
    ),
    sequences: await query(
      `select schemaname, sequencename, last_value from pg_sequences where schemaname not like 'vector_rollback%' order by 1, 2`,
    ),
  }
}

/** The whole story, every operation twice, as after a lost answer. */
async function rollBackAndRestore(world: World) {
  const { session, objects } = world
  const { retirement, items } = await copyAll(world)
  const replanned = await session((s) => planParts(s, objects, { retirement, partBytes: 1_000_000 }))
  const recopied = []
  for (const item of items) recopied.push(await session((s) => snapshotPart(s, objects, item)))
  const sealed = [await seal(world, retirement), await seal(world, retirement)]
  const manifest = await readManifest(objects, { plan: PLAN, snapshot: SNAPSHOT, environment })
  const verified = await verifySnapshot(objects, manifest, { depth: 'digests' })

  const subject = await choose(world)
  const purging = { subject, environment, clock, locks: {} }
  const purged = [await session((s) => purge(s, objects, purging)), await session((s) => purge(s, objects, purging))]
  const left = await world.query(`select relname from pg_class where relname ~ '^r[0-9a-f]{12}_'`)

  const choosing = { plan: PLAN, environment, tables: TABLES, createExtension: false }
  const chosen = await session((s) => chooseRestore(s, objects, choosing))
  const parts = await prepareAndLoad(world)
  const prepared = await session((s) => prepareRestore(s, objects, { ...RESTORE, createExtension: false }))
  const reloaded = []
  for (const part of parts) reloaded.push(await session((s) => loadPart(s, objects, part)))
  const finished = [
    await session((s) => finishLoad(s, objects, RESTORE)),
    await session((s) => finishLoad(s, objects, RESTORE)),
  ]
  const built = [await buildAll(world), await buildAll(world)]
  const compared = [
    await session((s) => compareRestore(s, objects, RESTORE)),
    await session((s) => compareRestore(s, objects, RESTORE)),
  ]
  const swapped = [await swap(world), await swap(world)]
  const late = [
    await session((s) => prepareRestore(s, objects, { ...RESTORE, createExtension: false })),
    ...(await Promise.all(parts.map((part) => session((s) => loadPart(s, objects, part))))),
    await session((s) => finishLoad(s, objects, RESTORE)),
    await session((s) => compareRestore(s, objects, RESTORE)),
  ]
  built.push(await buildAll(world))
  const after = await session((s) => chooseRestore(s, objects, choosing))
  return {
    items,
    replanned,
    recopied,
    sealed,
    manifest,
    verified,
    subject,
    purged,
    left,
    chosen,
    parts,
    prepared,
    reloaded,
    finished,
    built,
    compared,
    swapped,
    late,
    after,
  }
}

const ROWS = [382, 382, 0, 2]
const changes = (results: readonly { changed: boolean }[]) => results.map(({ changed }) => changed)

describePostgres('retire, snapshot, purge, restore, with every step run twice', () => {
  let world: World
  let before: { seen: Awaited<ReturnType<typeof look>>; dump: string }
  let story: Awaited<ReturnType<typeof rollBackAndRestore>>

  beforeAll(async () => {
    world = await createWorld(nastySchema(), TABLES)
    before = { seen: await look(world), dump: world.dump() }
    story = await rollBackAndRestore(world)
  })
  afterAll(() => world.close())

  test('restored means identical: rows, search results and sequences', async () => {
    expect(await look(world)).toEqual(before.seen)
  })

  test('restored means identical: pg_dump --schema-only, byte for byte', () => {
    expect(world.dump().split('\n')).toEqual(before.dump.split('\n'))
  })

  test('tables are copied in several parts, and parts that are there are not copied again', () => {
    expect(story.items.length).toBeGreaterThan(TABLES.length)
    expect(story.replanned).toMatchObject({ changed: false, count: story.items.length })
    expect(story.recopied.map(({ changed, part }) => ({ changed, index: part.index }))).toEqual(
      story.items.map(({ index }) => ({ changed: false, index })),
    )
  })

  test('rows whose binary form names types of this database are copied as text', () => {
    const formats = new Map(story.items.map(({ table, format }) => [table.name, format]))
    expect([...formats.values()]).toEqual(['binary', 'text', 'binary', 'binary'])
  })

  test('the snapshot is sealed once, and what lies in the bucket is what was written', () => {
    const { sealed, manifest, verified } = story
    expect(changes(sealed)).toEqual([true, false])
    expect(sealed[1]).toEqual({ ...sealed[0], changed: false })
    expect(manifest).toMatchObject({ consistency: 'retired', environment, sha256: sealed[0]?.manifestSha256 })
    expect(manifest.extensions).toContainEqual(expect.objectContaining({ name: 'vector', schema: 'public' }))
    expect(manifest.tables.map(({ rows }) => rows)).toEqual(ROWS)
    expect(verified.objects).toBe(story.items.length)
  })

  test('the purge destroys what was shown and approved, once, and nothing of it stays', () => {
    expect(story.subject.tables.map(({ rows }) => rows)).toEqual(ROWS)
    expect(changes(story.purged)).toEqual([true, false])
    expect(story.left).toEqual([])
  })

  test('the restore takes the newest snapshot that holds the missing tables, and nothing when none is missing', () => {
    expect(story.chosen).toMatchObject({ source: 'snapshot', snapshot: SNAPSHOT, rows: 766 })
    expect(story.after).toMatchObject({ source: 'nothing' })
  })

  test('a part that is loaded is not loaded again, and what is finished stays finished', () => {
    expect(story.prepared).toMatchObject({ changed: false, count: story.parts.length })
    expect(changes(story.reloaded)).toEqual(story.parts.map(() => false))
    expect(changes(story.finished)).toEqual([true, false])
    expect(story.built.map(({ length }) => length)).toEqual([6, 0, 0])
    expect(changes(story.compared)).toEqual([true, false])
    expect(changes(story.swapped)).toEqual([true, false])
  })

  test('an event that arrives after the end finds its work done', () => {
    expect(story.late.some(({ changed }) => changed)).toBe(false)
  })

  test('foreign keys to and from other tables are valid again', () => {
    expect(story.swapped[0]?.unvalidated).toEqual([])
  })

  test('nothing of the work is left in the database', async () => {
    expect(
      await world.query(`select nspname from pg_namespace where nspname like 'vector\\_rollback\\_restore%'`),
    ).toEqual([])
  })
})
