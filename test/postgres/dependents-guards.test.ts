import { afterEach, beforeEach, expect, test } from 'vitest'
import { purge } from '#core/purge/purge.ts'
import { prepareRestore } from '#core/restore/prepare.ts'
import type { Retirement } from '#core/retire/record.ts'
import { createDependentWorld, look } from '#test/postgres/dependents-schema.ts'
import {
  choose,
  environment,
  purgeChosen,
  RESTORE,
  restoreAll,
  snapshotAll,
  swap,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'
import { describePostgres } from '#test/support/database.ts'

const named = (error: string, ...texts: string[]) =>
  expect.objectContaining({ name: error, message: expect.stringMatching(texts.map(literally).join('[^]*')) })
const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

let world: World
let retirement: Retirement

const retiredName = (object: string): string => {
  const found = retirement.dependents.find(({ definition }) => definition.object === object)?.retired
  if (!found) throw new Error(`${object} was not retired`)
  return `${found.schema}.${found.name}`
}

describePostgres('a purge of tables that views, functions and publications depended on', () => {
  beforeEach(async () => {
    world = await createDependentWorld()
    retirement = await snapshotAll(world)
  })
  afterEach(() => world.close())

  const changes: [string, string, () => string][] = [
    [
      'a view was replaced',
      'view public.recent',
      () => `create or replace view ${retiredName('view public.recent')} as
        select id, tenant, 'other'::text as note from ${retirement.tables[0]?.retired.schema}.${retirement.tables[0]?.retired.name}`,
    ],
    [
      'a function has another body',
      'function public.shown(public.items,pg_catalog.text[])',
      () => `do $$ begin execute (select replace(pg_get_functiondef(oid), 'item.note', 'item.tenant') from pg_proc
        where oid = '${retiredName('function public.shown(public.items,pg_catalog.text[])')}'::regproc); end $$`,
    ],
    [
      'a materialized view has another index',
      'materialized view public.nearest',
      () => `create index on ${retiredName('materialized view public.nearest')} (said)`,
    ],
    [
      'somebody was granted a view',
      'view public.top',
      () => `grant select on ${retiredName('view public.top')} to ${world.db.role('reader')}`,
    ],
    ['a view is gone', 'view public.top', () => `drop view ${retiredName('view public.top')}`],
  ]

  test.each(changes)('is refused, by name, when %s since the retirement', async (_, object, change) => {
    await world.query(change())
    await expect(choose(world)).rejects.toThrow(named('Purge.DependentChanged', `"${object}"`))
  })

  test.each(changes)('is refused, by name, under its lock, when %s since the approval', async (_, object, change) => {
    const subject = await choose(world)
    await world.query(change())
    const late = world.session((s) => purge(s, world.objects, { subject, environment, clock, locks: {} }))
    await expect(late).rejects.toThrow(named('Purge.DependentChanged', `"${object}"`))
    expect(
      await world.query(`select from ${retirement.tables[0]?.retired.schema}.${retirement.tables[0]?.retired.name}`),
    ).toHaveLength(60)
  })

  test.each([
    ['a view', 'view public.recent', (name: string) => `create view public.later as select * from ${name}`],
    [
      'a materialized view',
      'materialized view public.nearest',
      (name: string) => `create view public.later as select * from ${name}`,
    ],
    [
      'a function',
      'function public.newest(integer)',
      (name: string) => `create view public.later as select * from ${name}(1)`,
    ],
  ])('is refused, by name, when something came to depend on %s that went along', async (_, object, create) => {
    await world.query(create(retiredName(object)))
    await expect(choose(world)).rejects.toThrow(named('Purge.NotCovered', 'view "public.later"'))
  })
})

describePostgres('a restore of tables that views, functions and publications depended on', () => {
  beforeEach(async () => {
    world = await createDependentWorld()
    retirement = await snapshotAll(world)
    await purgeChosen(world)
  })
  afterEach(() => world.close())

  const prepare = () => world.session((s) => prepareRestore(s, world.objects, { ...RESTORE, createExtension: false }))

  test.each([
    ['view', 'create view public.recent as select 1 as one', 'view public.recent'],
    ['table', 'create table public.nearest ()', 'table public.nearest'],
    ['index', 'create table public.t (i int); create index nearest_id on public.t (i)', 'index public.nearest_id'],
    [
      'procedure',
      `create procedure public.tidy(inout i integer) language sql as 'select 1'`,
      'procedure public.tidy(integer)',
    ],
  ])('is refused before anything is written while a %s has one of the names', async (_, create, taken) => {
    await world.query(create)
    await expect(prepare()).rejects.toThrow(named('Restore.NameTaken', `"${taken}"`))
    expect(await world.query(`select from pg_namespace where nspname like 'vector_rollback_restore%'`)).toEqual([])
  })

  test.each([
    ['a table that a view reads', 'drop table public.other', 'relation "public.other" is missing'],
    ['a function of a trigger', 'drop function public.put()', 'function "public.put()" is missing'],
    ['a publication', 'drop publication second', 'publication "second" is missing'],
  ])('is refused before anything is written when %s is gone, and names it', async (_, drop, line) => {
    await world.query(drop)
    await expect(prepare()).rejects.toThrow(named('Restore.SchemaDrift', line))
  })

  test('takes nothing of what took a name after the check: the swap is undone, and works when the name is free', async () => {
    await prepare()
    await world.query('create function public.newest(integer) returns integer return 1')
    await expect(restoreAll(world)).rejects.toThrow(named('Restore.NameTaken', '"function public.newest(integer)"'))
    expect(await world.query(`select to_regclass('public.items') as found`)).toEqual([{ found: null }])
    await world.query('drop function public.newest(integer)')
    expect(await restoreAll(world)).toMatchObject({ changed: true, unrefreshed: [] })
  })

  test('that is killed while it fills a materialized view fills it the next time, and the one before not again', async () => {
    const filled = () => world.query(`select matviewname as name from pg_matviews where ispopulated order by 1`)
    const session = world.session
    const dying: World['session'] = (work) =>
      session((s) => {
        const query = s.query.bind(s)
        s.query = async (statement) => {
          const result = await query(statement)
          if (statement.text === 'refresh materialized view "public"."counted"') throw new Error('killed')
          return result as never
        }
        return work(s)
      })
    await expect(restoreAll({ ...world, session: dying })).rejects.toThrow('killed')
    expect(await filled()).toEqual([{ name: 'nearest' }])
    const before = await world.query(`select pg_relation_filenode('public.nearest') as node`)
    expect(await swap(world)).toMatchObject({ changed: true, unrefreshed: [] })
    expect(await filled()).toEqual([{ name: 'counted' }, { name: 'nearest' }])
    expect(await world.query(`select pg_relation_filenode('public.nearest') as node`)).toEqual(before)
  })
})

describePostgres('a materialized view whose query fails', () => {
  beforeEach(async () => {
    world = await createDependentWorld()
  })
  afterEach(() => world.close())

  test('does not hold up the restore: it is back without data, and named', async () => {
    const seen = await look(world)
    // Filled once, from what is empty since.
    await world.asOwner('refresh materialized view public.nearest with no data')
    await snapshotAll(world)
    await purgeChosen(world)
    const restored = await restoreAll(world)
    expect(restored.unrefreshed).toEqual([
      { view: 'public.counted', why: expect.stringContaining('"nearest" has not been populated') },
    ])
    await world.asOwner('refresh materialized view public.nearest; refresh materialized view public.counted')
    expect(await look(world)).toEqual(seen)
  })
})
