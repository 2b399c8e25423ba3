import { afterEach, beforeEach, expect, test } from 'vitest'
import { purge } from '#core/purge/purge.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { createPartitions, definitionsOf, lookAtPartitions, TREES } from '#test/postgres/partitions-world.ts'
import {
  choose,
  environment,
  PLAN,
  purgeChosen,
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

  test('replace empty ones that took their names, and never one that has rows or a partition more', async () => {
    await world.query('drop table public.feedback, public.ratings')
    await snapshotAll(world)
    await purgeChosen(world)
    await world.asOwner(`create table public.nothing (id int not null) partition by hash (id);
      create table public.nothing_0 partition of public.nothing for values with (modulus 2, remainder 0)`)
    await expect(restoreAll(world)).rejects.toMatchObject({
      name: 'Purge.NotCovered',
      message: expect.stringContaining('table "public.nothing_0"'),
    })
    await world.asOwner(
      `drop table public.nothing_0; create table public.nothing_1 partition of public.nothing for values with (modulus 1, remainder 0);
      insert into public.nothing values (1)`,
    )
    await expect(swap(world)).rejects.toMatchObject({
      name: 'Restore.NameTaken',
      message: expect.stringContaining('"public.nothing" (1 rows)'),
    })
    await world.asOwner('drop table public.nothing_1')
    expect(await swap(world)).toMatchObject({ changed: true })
    expect(await swap(world)).toMatchObject({ changed: false })
  })
})
