import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { captureTables } from '#core/ddl/capture.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { printTable, type Table } from '#core/names.ts'
import { retire } from '#core/retire/retire.ts'
import { undo } from '#test/postgres/partitions-world.ts'
import {
  createWorld,
  PLAN,
  purgeChosen,
  RETIREMENT,
  restoreAll,
  retireAll,
  snapshotAll,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const EVENTS: Table = { schema: 'public', name: 'events' }
const ROOTS: readonly Table[] = [EVENTS, { schema: 'public', name: 'tagged' }]

const look = async (world: World) => ({
  dump: world.dump().split('\n'),
  rows: await world.query('select tableoid::regclass::text as heir, e::text from public.events e order by 1, 2'),
  heirs: await world.query(`select v::text from public.page_refunds v union all select a::text from public.adopted a`),
  tagged: await world.query('select tableoid::regclass::text as heir, t::text from public.tagged t order by 1, 2'),
  definitions: await world.session(async (s) =>
    (await captureTables(s, await expandTrees(s, ROOTS))).map(({ oid: _, ...definition }) => definition),
  ),
})

describePostgres('tables that inherit', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld(readFileSync(new URL('inheritance-schema.sql', import.meta.url), 'utf8'), ROOTS)
  })
  afterEach(() => world.close())

  test('go with the table that the plan names, and come back as they were', async () => {
    const before = await look(world)
    const { tables } = await retireAll(world)
    expect(tables.map(({ definition }) => printTable(definition.table))).toEqual([
      'public.events',
      'public.tagged',
      'Erben.Käufe',
      'public.adopted',
      'public.visits',
      'public.refunds',
      'public.page_refunds',
    ])
    expect(await undo(world)).toMatchObject({ changed: true, lostForeignKeys: [], unvalidatedForeignKeys: [] })
    expect(await look(world)).toEqual(before)
  })

  test('are snapshotted each with its own rows, purged, and restored identical', async () => {
    const before = await look(world)
    await snapshotAll(world)
    expect(await purgeChosen(world)).toMatchObject({ changed: true, rows: 57 })
    expect((await restoreAll(world)).unvalidated).toEqual([])
    expect(await look(world)).toEqual(before)
  })

  test('are refused by name where they could not be made again, or where a parent would stay behind', async () => {
    const retiring = (tables: readonly Table[]) =>
      world.session((s) => retire(s, { plan: PLAN, retirement: RETIREMENT, tables, allow: [], clock }))
    await expect(retiring([EVENTS])).rejects.toMatchObject({
      name: 'Retire.Refused',
      message: expect.stringMatching(/"table ".*Käufe.*" inherits from a table that is not among them/),
    })
    await world.asOwner('alter table public.events add column late int')
    const dump = world.dump()
    await expect(retiring(ROOTS)).rejects.toMatchObject({
      name: 'Retire.Refused',
      message: expect.stringContaining('"table public.visits" has inherited columns behind its own'),
    })
    expect(world.dump()).toBe(dump)
  })
})
