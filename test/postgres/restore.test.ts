import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Objects } from '#core/ports.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { loadPart } from '#core/restore/load-part.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import { setAside } from '#core/restore/set-aside.ts'
import {
  buildAll,
  createWorld,
  environment,
  PLAN,
  prepareAndLoad,
  purgeChosen,
  RESTORE,
  restoreAll,
  SMALL_SCHEMA,
  SMALL_TABLES,
  snapshotAll,
  swap,
  tamper,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

/** As `items` of the snapshot, but for its index. */
const ITEMS = '(id integer primary key, embedding public.vector(3), note text)'

const named = (error: string, text = '') =>
  expect.objectContaining({ name: error, message: expect.stringContaining(text) })

describePostgres('a restore', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
  })
  afterEach(() => world.close())

  const lose = async (extension?: string) => {
    await snapshotAll(world)
    return purgeChosen(world, extension)
  }
  const choice = (createExtension = false) =>
    world.session((s) =>
      chooseRestore(s, world.objects, { plan: PLAN, environment, tables: SMALL_TABLES, createExtension }),
    )
  const prepare = (createExtension = false) =>
    world.session((s) => prepareRestore(s, world.objects, { ...RESTORE, createExtension }))
  const sideSchemas = () =>
    world.query<{ nspname: string }>(
      `select nspname from pg_namespace where nspname like 'vector\\_rollback\\_restore%' order by 1`,
    )
  const restored = () => world.query('select count(*)::int as items, sum(id)::int from public.items')

  test('undoes a retirement whose tables are still there', async () => {
    await snapshotAll(world)
    expect(await choice()).toMatchObject({ source: 'retired', retirement: 'inc-1', tables: SMALL_TABLES })
  })

  test('has nothing to do while the tables are in their places', async () => {
    expect(await choice()).toMatchObject({ source: 'nothing' })
  })

  test('is refused where no sealed snapshot holds the tables that are gone', async () => {
    await world.query('drop table public.notes, public.items')
    await expect(choice()).rejects.toThrow(named('Restore.NoSnapshot', '"public.items"'))
  })

  test('works into a database whose records are gone, from the bucket alone', async () => {
    await lose()
    await world.query('drop schema vector_rollback_retired cascade')
    expect(await choice()).toMatchObject({ source: 'snapshot' })
    expect(await restoreAll(world)).toMatchObject({ changed: true })
    expect(await restored()).toEqual([{ items: 50, sum: 1275 }])
  })

  test('creates nothing and says which statement helps when the extension is gone', async () => {
    await world.query(`update pg_extension set extowner = '${world.db.master}'::regrole where extname = 'vector'`)
    await lose('vector')
    await expect(choice()).rejects.toThrow(named('Restore.ExtensionMissing', 'create extension "vector"'))
    await expect(prepare()).rejects.toThrow(named('Restore.ExtensionMissing'))
    // pgvector is not trusted: creating it takes more than this role is.
    expect(await choice(true)).toMatchObject({ source: 'snapshot' })
    await expect(prepare(true)).rejects.toThrow(named('Restore.ExtensionMissing', 'rds_superuser'))
    expect(await sideSchemas()).toEqual([])
    await world.query('create extension vector schema public')
    expect(await restoreAll(world)).toMatchObject({ changed: true })
    expect(await restored()).toEqual([{ items: 50, sum: 1275 }])
  })

  test('refuses an extension in another schema or of an older version', async () => {
    await lose()
    await world.query('create schema elsewhere; alter extension vector set schema elsewhere')
    await expect(prepare()).rejects.toThrow(named('Restore.ExtensionMoved', '"elsewhere"'))
    await world.query(
      `alter extension vector set schema public; update pg_extension set extversion = '0.1.0' where extname = 'vector'`,
    )
    await expect(prepare()).rejects.toThrow(named('Restore.ExtensionOlder', '"0.1.0"'))
    expect(await sideSchemas()).toEqual([])
  })

  test('refuses a schema that has drifted, with the whole diff', async () => {
    await lose()
    await world.query('create table public.items (id bigint primary key, embedding public.vector(5), extra text)')
    const refusal = await choice().catch((error: unknown) => error)
    expect(refusal).toEqual(named('Restore.SchemaDrift'))
    expect(String(refusal)).toContain('column "public.items.id" was integer, is bigint')
    expect(String(refusal)).toContain('column "public.items.embedding" was public.vector(3), is public.vector(5)')
    expect(String(refusal)).toContain('column "public.items.note" was dropped')
    expect(String(refusal)).toContain('column "public.items.extra" was added')
  })

  test('refuses before anything is written when a role of the grants is gone', async () => {
    await world.query(`grant select on public.items to "${world.db.role('reader')}"`)
    await lose()
    await world.query(`drop owned by "${world.db.role('reader')}"; drop role "${world.db.role('reader')}"`)
    await expect(prepare()).rejects.toThrow(
      named('Restore.SchemaDrift', `role "${world.db.role('reader')}" is missing`),
    )
    expect(await sideSchemas()).toEqual([])
  })

  const load = async () => {
    await prepareAndLoad(world)
    await world.session((s) => finishLoad(s, world.objects, RESTORE))
    await buildAll(world)
    await world.session((s) => compareRestore(s, world.objects, RESTORE))
  }
  const aside = () =>
    world.session((s) =>
      setAside(s, world.objects, { ...RESTORE, allow: [], acceptDrift: false, clock, lockOptions: {} }),
    )

  test('never overwrites and never drops: what stands under a name, empty or not, is refused with its rows', async () => {
    await lose()
    await load()
    await world.asOwner(`create table public.items ${ITEMS}`)
    await expect(swap(world)).rejects.toThrow(named('Restore.NameTaken', '"public.items" (0 rows)'))
    await world.query('insert into public.items values (1), (2)')
    await expect(swap(world)).rejects.toThrow(named('Restore.NameTaken', '"public.items" (2 rows)'))
    expect(await world.query('select count(*)::int as n from public.items')).toEqual([{ n: 2 }])
  })

  test('a table whose rows this role may not count is not taken for an empty one', async () => {
    await lose()
    await load()
    await world.query(`create table public.items ${ITEMS}`)
    await expect(swap(world)).rejects.toThrow(named('Restore.NameTaken', '(an unknown number of rows)'))
  })

  test('sets aside what stands there, unless something depends on it, and takes its place', async () => {
    await lose()
    await load()
    await world.asOwner(`create table public.items ${ITEMS}`)
    await world.query('create view public.on_it as select id from public.items')
    await expect(aside()).rejects.toThrow(named('Retire.Refused', 'on_it'))
    await world.query('drop view public.on_it')
    expect(await aside()).toMatchObject({ id: 'inc-2-replaced', replacedBy: null })
    expect(await aside()).toBeNull()
    expect(await swap(world)).toMatchObject({ changed: true })
    expect(await restored()).toEqual([{ items: 50, sum: 1275 }])
  })

  test.each([
    [
      'a flipped byte',
      'Snapshot.PartCorrupt',
      (body: Buffer) => {
        body[body.length - 3] = (body[body.length - 3] ?? 0) ^ 1
        return body
      },
    ],
    ['another part in its place', 'Snapshot.PartCorrupt', () => Buffer.from('28b52ffd0458010000', 'hex')],
  ])('%s in a part is found before a row of it is committed, and the mended part loads once', async (_, error, change) => {
    await lose()
    const { key } = await prepare()
    const items = JSON.parse(Buffer.from((await world.objects.read(key))?.body ?? '').toString())
    const part = items[0].part.key
    const original = (await world.objects.read(part))?.body ?? ''
    await tamper(world.objects, part, change)
    await expect(world.session((s) => loadPart(s, world.objects, items[0]))).rejects.toThrow(named(error, part))
    const [{ nspname } = { nspname: '' }] = (await sideSchemas()).slice(1)
    expect(await world.query(`select count(*)::int from ${nspname}.items`)).toEqual([{ count: 0 }])
    await world.objects.write(part, original)
    await prepareAndLoad(world)
    expect(await world.query(`select count(*)::int from ${nspname}.items`)).toEqual([{ count: 50 }])
  })

  test('a truncated or missing part is refused before anything is written', async () => {
    await lose()
    const part = `snapshots/${PLAN}/inc-1/parts/000001.copy.zst`
    await tamper(world.objects, part, (body) => body.subarray(0, 12))
    await expect(prepare()).rejects.toThrow(named('Snapshot.PartTruncated', part))
    expect(await sideSchemas()).toEqual([])
  })

  test('a part loaded by two functions at once is there once', async () => {
    await lose()
    const { key } = await prepare()
    const items = JSON.parse(Buffer.from((await world.objects.read(key))?.body ?? '').toString())
    const results = await Promise.all([0, 1].map(() => world.session((s) => loadPart(s, world.objects, items[0]))))
    expect(results.map(({ changed }) => changed).sort()).toEqual([false, true])
    const [{ nspname } = { nspname: '' }] = (await sideSchemas()).slice(1)
    expect(await world.query(`select count(*)::int from ${nspname}.items`)).toEqual([{ count: 50 }])
  })

  test('a load whose backend is killed half-way leaves no row, and the next one loads all', async () => {
    await lose()
    const { key } = await prepare()
    const [item] = JSON.parse(Buffer.from((await world.objects.read(key))?.body ?? '').toString())
    const killing: Objects = {
      ...world.objects,
      async stream(part) {
        const body = await world.objects.stream(part)
        return (async function* () {
          yield* body
          await world.query(
            `select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name like 'vector-rollback:%' and datname = current_database()`,
          )
        })()
      },
    }
    await expect(world.session((s) => loadPart(s, killing, item))).rejects.toThrow(
      expect.objectContaining({ name: expect.stringMatching(/^Postgres\./) }),
    )
    expect(await world.session((s) => loadPart(s, world.objects, item))).toEqual({ changed: true, rows: 50 })
    const [{ nspname } = { nspname: '' }] = (await sideSchemas()).slice(1)
    expect(await world.query(`select count(*)::int from ${nspname}.items`)).toEqual([{ count: 50 }])
  })

  test('a function killed right after the swap is finished by the next one', async () => {
    await lose()
    await prepareAndLoad(world)
    await world.session((s) => finishLoad(s, world.objects, RESTORE))
    await buildAll(world)
    await world.session((s) => compareRestore(s, world.objects, RESTORE))
    const deaf: Objects = {
      ...world.objects,
      write: () => Promise.reject(new Error('killed')),
    }
    await expect(swap({ ...world, objects: deaf })).rejects.toThrow('killed')
    expect(await restored()).toEqual([{ items: 50, sum: 1275 }])
    expect(await buildAll(world)).toEqual([])
    expect(await swap(world)).toMatchObject({ changed: true, unvalidated: [] })
    expect(await sideSchemas()).toEqual([])
    expect(await swap(world)).toMatchObject({ changed: false })
  })

  test('goes on only from step to step: loaded, finished, built, compared', async () => {
    await lose()
    await prepare()
    await expect(world.session((s) => finishLoad(s, world.objects, RESTORE))).rejects.toThrow(
      named('Restore.Incomplete'),
    )
    await prepareAndLoad(world)
    await world.session((s) => finishLoad(s, world.objects, RESTORE))
    await expect(swap(world)).rejects.toThrow(named('Restore.NotCompared', 'public.items'))
    await world.session((s) => compareRestore(s, world.objects, RESTORE))
    await expect(swap(world)).rejects.toThrow(named('Restore.IndexesMissing', 'items_embedding_idx'))
    await buildAll(world)
    expect(await swap(world)).toMatchObject({ changed: true })
  })

  test('rows that differ from the manifest are never swapped in', async () => {
    await lose()
    await prepareAndLoad(world)
    const [{ nspname } = { nspname: '' }] = (await sideSchemas()).slice(1)
    await world.query(`update ${nspname}.notes set body = 'other' where id = 3`)
    await world.session((s) => finishLoad(s, world.objects, RESTORE))
    await buildAll(world)
    await expect(world.session((s) => compareRestore(s, world.objects, RESTORE))).rejects.toThrow(
      named('Restore.RowsDiffer', 'public.notes'),
    )
    await expect(swap(world)).rejects.toThrow(named('Restore.NotCompared'))
  })

  test('a table that no function reads in its time is compared piece by piece, and by whoever comes next', async () => {
    await lose()
    await prepareAndLoad(world)
    await world.session((s) => finishLoad(s, world.objects, RESTORE))
    await buildAll(world)
    const [{ nspname } = { nspname: '' }] = (await sideSchemas()).slice(1)
    // Rows move to pages behind: the pieces are more than one, and hold all of them once.
    await world.query(
      `insert into ${nspname}.notes (id, body) select 1000 + n, repeat('x', 700) from generate_series(1, 60) n`,
    )
    const pieces = { bytes: 8192, mayGoOn: () => false }
    const next = () => world.session((s) => compareRestore(s, world.objects, RESTORE, pieces))
    const untilTheEnd = async () => {
      let calls = 1
      while (!(await next()).finished) calls += 1
      return calls
    }
    await expect(untilTheEnd()).rejects.toThrow(named('Restore.RowsDiffer', 'public.notes'))
    // Mended by hand: it is read anew from its first page.
    await world.query(`delete from ${nspname}.notes where id > 1000`)
    expect(await untilTheEnd()).toBeGreaterThan(3)
    expect(await swap(world)).toMatchObject({ changed: true })
    expect(await restored()).toEqual([{ items: 50, sum: 1275 }])
  })

  test('an orphan is reported, and its foreign key holds for new rows', async () => {
    await world.asOwner(
      'create table public.ratings (item integer references public.items (id)); insert into public.ratings values (3)',
    )
    await lose()
    await world.query('insert into public.ratings values (4711)')
    expect(await restoreAll(world)).toMatchObject({
      unvalidated: [{ foreignKey: 'ratings_item_fkey', table: 'public.ratings', orphans: 1 }],
    })
    await expect(world.asOwner('insert into public.ratings values (4712)')).rejects.toThrow('ratings_item_fkey')
  })
})
