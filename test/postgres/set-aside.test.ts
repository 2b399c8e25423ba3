import { afterEach, beforeEach, expect, test } from 'vitest'
import type { IncidentId, PlanName, RetirementId, SnapshotId } from '#core/names.ts'
import { type ChooseInput, chooseRestore } from '#core/restore/choose.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { putBack } from '#core/restore/put-back.ts'
import { describeSetAside, setAside } from '#core/restore/set-aside.ts'
import { findRetirements } from '#core/retire/records.ts'
import { retire } from '#core/retire/retire.ts'
import { undoRetire } from '#core/retire/undo.ts'
import {
  buildAll,
  createWorld,
  environment,
  PLAN,
  prepareAndLoad,
  RESTORE,
  RETIREMENT,
  SMALL_SCHEMA,
  SMALL_TABLES,
  SNAPSHOT,
  snapshotAll,
  swap,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const named = (error: string, text = '') =>
  expect.objectContaining({ name: error, message: expect.stringContaining(text) })

/** Three notes changed, one gone, two items new: five rows that the snapshot does not have. */
const CHANGES = `update public.notes set body = 'wrong' where id <= 3; delete from public.notes where id = 4;
  insert into public.items values (51), (52)`

describePostgres('what stands where a snapshot is to be put', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(SMALL_SCHEMA, SMALL_TABLES)
    await snapshotAll(world)
    await world.session((s) => undoRetire(s, { retirement: RETIREMENT, clock }))
    await world.asOwner(CHANGES)
  })
  afterEach(() => world.close())

  const choose = (more: Partial<ChooseInput> = {}) =>
    world.session((s) =>
      chooseRestore(s, world.objects, {
        ...{ plan: PLAN, environment, tables: SMALL_TABLES, createExtension: false, snapshot: SNAPSHOT },
        ...more,
      }),
    )
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
  const counted = () => world.session((s) => describeSetAside(s, world.objects, RESTORE))
  const elsewhere = (retirement: string, tables = SMALL_TABLES) =>
    world.session((s) => retire(s, { plan: PLAN, retirement: retirement as RetirementId, tables, allow: [], clock }))

  test.each<[what: string, input: Partial<ChooseInput>, error: string, text: string]>([
    ['that there is not', { snapshot: 'inc-7' as SnapshotId }, 'Restore.NoSuchSnapshot', '"inc-1"'],
    ['of another plan', { plan: 'billing' as PlanName }, 'Restore.NoSuchSnapshot', 'none'],
    ['of another environment', { environment: 'prod' }, 'Snapshot.OtherEnvironment', '"test"'],
    ['whose name leaves its folder', { snapshot: '../x' as SnapshotId }, 'Snapshot.BadName', '"../x"'],
  ])('a snapshot %s is refused by name', async (_, input, error, text) => {
    await expect(choose(input)).rejects.toThrow(named(error, text))
  })

  test('a snapshot that was never sealed is refused', async () => {
    await world.objects.write(`snapshots/${PLAN}/inc-8/parts.json`, '[]')
    await expect(choose({ snapshot: 'inc-8' as SnapshotId })).rejects.toThrow(named('Snapshot.NotSealed', '"inc-8"'))
  })

  test('is looked at before anything is written: rows, and what could not be retired', async () => {
    expect(await choose()).toMatchObject({
      source: 'snapshot',
      standing: [
        { name: 'items', rows: 52, counted: true },
        { name: 'notes', rows: 99, counted: true },
      ],
      diff: [],
    })
    await world.query('create view public.on_it as select id from public.items')
    await expect(choose()).rejects.toThrow(named('Retire.Refused', 'on_it'))
  })

  test('a foreign key that another table has got since is a drift: it would be left behind', async () => {
    await world.asOwner('create table public.stars (item integer references public.items (id))')
    await expect(choose()).rejects.toThrow(
      named('Restore.SchemaDrift', 'foreign key "stars_item_fkey" of "public.stars" was added'),
    )
    expect(await choose({ acceptDrift: true })).toMatchObject({ source: 'snapshot', acceptDrift: true })
  })

  test('is counted row by row against the loaded copies, and again: the number is final', async () => {
    await load()
    expect(await aside()).toMatchObject({ id: 'inc-2-replaced' })
    const subject = await counted()
    expect(subject).toMatchObject({
      ...{ rows: 151, written: 5, diff: [] },
      tables: [
        { name: 'items', rows: 52, written: 2 },
        { name: 'notes', rows: 99, written: 3 },
      ],
    })
    expect(await counted()).toEqual(subject)
  })

  test('equal rows count as often as they are there', async () => {
    await world.asOwner(
      'alter table public.notes drop constraint notes_pkey; insert into public.notes table public.notes',
    )
    await load()
    await world.session((s) =>
      setAside(s, world.objects, { ...RESTORE, allow: [], acceptDrift: true, clock, lockOptions: {} }),
    )
    // 99 twice; 96 of them are in the snapshot, once each.
    expect((await counted())?.tables[1]).toMatchObject({ name: 'notes', rows: 198, written: 102 })
  })

  test('a table that was altered while the copies were loaded is a drift, and nothing is retired', async () => {
    await load()
    await world.asOwner('alter table public.items add column lang text')
    await expect(aside()).rejects.toThrow(named('Restore.SchemaDrift', 'column "public.items.lang" was added'))
    expect(await world.query('select count(*)::int as n from public.items')).toEqual([{ n: 52 }])
  })

  test('is set aside under an id of its own each time, and the newest comes back', async () => {
    await load()
    await aside()
    await world.asOwner('create table public.items (id integer primary key, embedding public.vector(3), note text)')
    await world.query(`create index items_embedding_idx on public.items using hnsw (embedding public.vector_l2_ops)`)
    expect(await aside()).toMatchObject({ id: 'inc-2-replaced-2' })
    await world.session((s) => putBack(s, world.objects, { ...RESTORE, clock, lockOptions: {} }))
    expect(await world.query('select count(*)::int as n from public.items')).toEqual([{ n: 0 }])
  })

  test('what a full rollback retired is counted as well, and is no longer what a restore brings back', async () => {
    await elsewhere('inc-9')
    expect(await choose()).toMatchObject({ source: 'snapshot', standing: [] })
    await load()
    expect(await counted()).toMatchObject({ rows: 151, written: 5 })
    expect(await swap(world)).toMatchObject({ changed: true })
    const newest = (await world.session((s) => findRetirements(s, PLAN))).find(({ id }) => id === 'inc-9')
    expect(newest).toMatchObject({ replacedBy: SNAPSHOT, undoneAt: null })
    const { snapshot: _, ...input } = {
      plan: PLAN,
      environment,
      tables: SMALL_TABLES,
      createExtension: false,
      snapshot: 0,
    }
    expect(await world.session((s) => chooseRestore(s, world.objects, input))).toMatchObject({ source: 'nothing' })
  })

  test('a retirement with a table that the snapshot lacks is refused: that table would be left behind', async () => {
    await world.asOwner('create table public.extra (n integer)')
    await elsewhere('inc-9', [...SMALL_TABLES, { schema: 'public', name: 'extra' }])
    await expect(choose()).rejects.toThrow(named('Restore.SetAsideElsewhere', '"public.extra"'))
  })

  test('is not put back when a full rollback retired it: that was meant', async () => {
    await elsewhere('inc-9')
    await load()
    const other = { ...RESTORE, incident: 'inc-3' as IncidentId, clock, lockOptions: {} }
    expect(await world.session((s) => putBack(s, world.objects, other))).toEqual([])
  })
})
