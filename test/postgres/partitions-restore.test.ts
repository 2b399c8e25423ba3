import { afterEach, beforeEach, expect, test } from 'vitest'
import { purge } from '#core/purge/purge.ts'
import { chooseRestore } from '#core/restore/choose.ts'
import { compareRestore } from '#core/restore/compare.ts'
import { finishLoad } from '#core/restore/finish-load.ts'
import { describeSetAside, setAside } from '#core/restore/set-aside.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import {
  createPartitions,
  definitionsOf,
  lookAtPartitions,
  ROOTS,
  TREES,
  undo,
} from '#test/postgres/partitions-world.ts'
import {
  buildAll,
  choose,
  environment,
  PLAN,
  prepareAndLoad,
  purgeChosen,
  RESTORE,
  restoreAll,
  SNAPSHOT,
  snapshotAll,
  swap,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

describePostgres('partitioned tables that are retired, snapshotted, purged and restored', () => {
  let world: World
  beforeEach(async () => {
    world = await createPartitions()
  })
  afterEach(() => world.close())
  const aside = () =>
    world.session((s) =>
      setAside(s, world.objects, { ...RESTORE, allow: [], acceptDrift: false, clock, lockOptions: {} }),
    )

  test('have the same rows in the same partitions, and the same pg_dump to the byte', async () => {
    const before = { dump: world.dump(), seen: await lookAtPartitions(world), definitions: await definitionsOf(world) }
    await snapshotAll(world)
    expect(await purgeChosen(world)).toMatchObject({ changed: true })
    expect((await restoreAll(world)).unvalidated).toEqual([])
    expect(world.dump().split('\n')).toEqual(before.dump.split('\n'))
    expect(await lookAtPartitions(world)).toEqual(before.seen)
    expect(await definitionsOf(world)).toEqual(before.definitions)
  })

  test('have an entry in the manifest for every table of the tree; those without rows of their own have no parts', async () => {
    await snapshotAll(world)
    const { tables } = await readManifest(world.objects, { plan: PLAN, snapshot: SNAPSHOT, environment })
    expect(tables.map(({ schema, name }) => ({ schema, name }))).toEqual(TREES)
    expect(tables.filter(({ parts }) => parts.length === 0).map(({ name }) => name)).toEqual([
      'chunks',
      'kinds',
      'nothing',
      'chunks_2024',
      'chunks_2025',
    ])
    expect(tables.reduce((sum, { rows }) => sum + rows, 0)).toBe(303)
  })

  test('are not purged when somebody hung a table on them, wherever it is; it is named', async () => {
    const retirement = await snapshotAll(world)
    const [root] = retirement.tables
    await world.query(`create table public.later partition of vector_rollback_retired.${root?.retired.name}
      for values from ('2031-01-01') to ('2032-01-01')`)
    await expect(choose(world)).rejects.toMatchObject({
      name: 'Purge.NotCovered',
      message: expect.stringContaining('table "public.later"'),
    })
    await world.query(
      `alter table vector_rollback_retired.${root?.retired.name} detach partition public.later; drop table public.later`,
    )
    expect(await purgeChosen(world)).toMatchObject({ changed: true })
  })

  test('are not purged when a row of one partition is another than in the snapshot', async () => {
    const retirement = await snapshotAll(world)
    const leaf = retirement.tables.find(({ definition }) => definition.table.name === 'chunks_2025_1')
    const subject = await choose(world)
    await world.query(`alter table vector_rollback_retired.${leaf?.retired.name} disable trigger all;
      update vector_rollback_retired.${leaf?.retired.name} set body = body || '!' where id = (select min(id) from vector_rollback_retired.${leaf?.retired.name})`)
    await expect(
      world.session((s) => purge(s, world.objects, { subject, environment, clock, locks: {} })),
    ).rejects.toMatchObject({
      name: 'Purge.ChangedSinceSnapshot',
      message: expect.stringContaining('"public.chunks_2025_1"'),
    })
  })

  test('replace nothing that took their names, empty or not', async () => {
    await world.query('drop table public.feedback, public.ratings')
    await snapshotAll(world)
    await purgeChosen(world)
    await world.asOwner('create table public.nothing (id int not null) partition by hash (id)')
    await expect(restoreAll(world)).rejects.toMatchObject({
      name: 'Restore.NameTaken',
      message: expect.stringContaining('"public.nothing" (0 rows)'),
    })
    await world.asOwner('drop table public.nothing')
    expect(await swap(world)).toMatchObject({ changed: true })
    expect(await swap(world)).toMatchObject({ changed: false })
  })

  test('take the place of what became of them, which is set aside as a whole tree and counted by its rows', async () => {
    const before = world.dump()
    await snapshotAll(world)
    await undo(world)
    await world.query(
      "update public.chunks set body = 'wrong' where id in (select id from public.chunks order by id limit 3)",
    )
    await prepareAndLoad(world)
    await world.session((s) => finishLoad(s, world.objects, RESTORE))
    await buildAll(world)
    await world.session((s) => compareRestore(s, world.objects, RESTORE))
    await aside()
    expect(await world.session((s) => describeSetAside(s, world.objects, RESTORE))).toMatchObject({
      rows: 303,
      written: 3,
    })
    expect(await swap(world)).toMatchObject({ changed: true })
    expect(world.dump().split('\n')).toEqual(before.split('\n'))
  })

  test('do not take the place of a tree that has a partition more: it is named before anything is moved', async () => {
    await snapshotAll(world)
    await undo(world)
    await world.asOwner(
      `create table public.later partition of public.chunks for values from ('2031-01-01') to ('2032-01-01')`,
    )
    const before = world.dump()
    const named = { name: 'Restore.SetAsideElsewhere', message: expect.stringContaining('"public.later"') }
    const input = { plan: PLAN, environment, tables: ROOTS, createExtension: false, snapshot: SNAPSHOT }
    await expect(world.session((s) => chooseRestore(s, world.objects, input))).rejects.toMatchObject(named)
    await expect(aside()).rejects.toMatchObject(named)
    expect(world.dump()).toBe(before)
  })
})
