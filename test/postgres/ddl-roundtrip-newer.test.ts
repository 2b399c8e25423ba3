import { afterEach, beforeEach, expect, test } from 'vitest'
import { captureTables } from '#core/ddl/capture.ts'
import { findUncapturable } from '#core/ddl/unsupported.ts'
import { createWorld, purgeChosen, restoreAll, snapshotAll, type World } from '#test/postgres/snapshot-world.ts'
import { describePostgres, postgresMajor } from '#test/support/database.ts'

/** What tables can have since PostgreSQL 15 to 18: SQL that adds it to `items`, by the version that brought it. */
const NEWER: readonly [since: number, what: string, add: string][] = [
  [15, 'a unique key in which nulls are equal', 'alter table public.items add unique nulls not distinct (note)'],
  [
    16,
    "a storage that is its type's default, said in words",
    'alter table public.items alter column note set storage default',
  ],
  [17, 'the privilege to maintain', 'grant maintain on public.items to ":reader" with grant option'],
  [
    17,
    'a statistics target that was set back',
    'alter table public.items alter column note set statistics 10; alter table public.items alter column note set statistics default',
  ],
  [
    17,
    'a collation that is built in',
    `create collation public.plain (provider = builtin, locale = 'C.UTF-8'); alter table public.items add column plain text collate public.plain default 'é'`,
  ],
  [
    18,
    'a virtual generated column',
    'alter table public.items add column double integer generated always as (id * 2) virtual',
  ],
  [
    18,
    'a virtual generated column that is not null, with a check',
    'alter table public.items add column double integer generated always as (id * 2) virtual not null check (double > 0)',
  ],
  [
    18,
    'a stored generated column beside a virtual one',
    'alter table public.items add column v integer generated always as (id * 2) virtual, add column s integer generated always as (id * 3) stored',
  ],
  [
    18,
    'a NOT NULL with a name and a comment',
    `alter table public.items add constraint "say; so" not null note; comment on constraint "say; so" on public.items is 'it''s'`,
  ],
  [
    18,
    'a NOT NULL that is not valid',
    'update public.items set note = null where id = 3; alter table public.items add constraint later not null note not valid',
  ],
  [18, 'a NOT NULL that is not inherited', 'alter table public.items add constraint alone not null note no inherit'],
  [
    18,
    'the NOT NULL of a key under another name',
    'alter table public.items rename constraint items_id_not_null to "other; name"',
  ],
  [18, 'a check that is not enforced', 'alter table public.items add constraint wish check (id < 3) not enforced'],
  [
    18,
    'a foreign key that is not enforced, with an orphan',
    'create table public.far (id integer primary key); alter table public.items add column far integer default 7, add constraint far_wish foreign key (far) references public.far not enforced',
  ],
  [
    18,
    'a foreign key to it that is not enforced',
    'create table public.near (item integer constraint near_wish references public.items (id) not enforced)',
  ],
  [
    18,
    'keys without overlaps, and a foreign key over a period',
    `create table public.spans (id int4range, during daterange, primary key (id, during without overlaps));
    insert into public.spans values ('[1,2)', '[2020-01-01,2030-01-01)');
    alter table public.items add column span int4range default '[1,2)', add column during daterange default '[2021-01-01,2022-01-01)',
      add constraint items_spans foreign key (span, period during) references public.spans (id, period during)`,
  ],
  [
    18,
    'a key of its own without overlaps',
    `alter table public.notes drop constraint notes_item_fkey; alter table public.items drop constraint items_pkey, add column rid int4range, add column during daterange default '[2021-01-01,2022-01-01)';
    update public.items set rid = int4range(id, id + 1); alter table public.items add constraint items_key primary key (rid, during without overlaps)`,
  ],
]
const tables = ['items', 'notes'].map((name) => ({ schema: 'public', name }))
const SCHEMA = `
  create table public.items (id integer primary key, embedding public.vector(3), note text);
  create table public.notes (id integer primary key, item integer references public.items (id));
  insert into public.items select n, array[n, 1, 2]::real[]::public.vector, 'note ' || n from generate_series(1, 20) n;
  insert into public.notes select n, n from generate_series(1, 20) n;`

describePostgres('what newer versions of PostgreSQL brought', () => {
  let world: World | undefined
  beforeEach(() => {
    world = undefined
  })
  afterEach(() => world?.close())

  const cases = NEWER.filter(([since]) => since <= postgresMajor)
  test.each(cases)('comes back through purge and restore (since %i): %s', async (_, __, add) => {
    world = await createWorld(`${SCHEMA}; ${add}`, tables)
    const rows = () => world?.query(`select i::text, (i.*)::text from public.items i order by id`)
    const [before, data] = [world.dump(), await rows()]
    const capture = () => world?.session((session) => captureTables(session, tables))
    const definitions = await capture()
    expect(await world.session((session) => findUncapturable(session, tables))).toEqual([])
    await snapshotAll(world)
    await purgeChosen(world)
    await restoreAll(world)
    expect(world.dump()).toBe(before)
    expect(await rows()).toEqual(data)
    expect((await capture())?.map(({ oid: _oid, ...rest }) => rest)).toEqual(
      definitions?.map(({ oid: _oid, ...rest }) => rest),
    )
  })
})
