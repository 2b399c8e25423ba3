import type { Table } from '#core/names.ts'
import { createWorld, type World } from '#test/postgres/snapshot-world.ts'

export const TABLES: readonly Table[] = [
  { schema: 'public', name: 'items' },
  { schema: 'public', name: 'notes' },
]

/** The tables of a plan, one that is not, and all that may hang on them and come back with them. */
const SCHEMA = `
  create table public.items (id integer primary key, tenant text not null default 'a', embedding public.vector(3), note text);
  create table public.notes (id integer primary key, item integer references public.items (id), body text);
  create table public.other (id integer primary key, label text);
  insert into public.items select n, chr(97 + n % 3), array[n, n % 7, 2]::real[]::public.vector, 'note ' || n from generate_series(1, 60) n;
  insert into public.notes select n, 1 + n % 60, repeat('b', n) from generate_series(1, 80) n;
  insert into public.other select n, 'label ' || n from generate_series(1, 60) n;

  create view public.recent with (security_barrier = true) as
    select id, tenant, note from public.items where id > 10 with cascaded check option;
  alter view public.recent alter tenant set default 'new';
  comment on view public.recent is 'It''s recent';
  comment on column public.recent.note is 'what it says';
  create view public."Mine; ""é""" with (security_invoker = true) as
    select r.id as "Id", o.label, r as whole from public.recent r left join public.other o using (id);
  create function public.put() returns trigger language plpgsql as 'begin return new; end';
  create trigger put instead of insert on public."Mine; ""é""" for each row execute function public.put();
  comment on trigger put on public."Mine; ""é""" is 'puts';
  create rule nothing as on update to public."Mine; ""é""" do instead nothing;
  comment on rule nothing on public."Mine; ""é""" is 'does nothing';

  create function public.newest(how_many integer default 3) returns setof public.items
    language sql stable begin atomic select * from public.items order by id desc limit how_many; end;
  comment on function public.newest is 'the newest';
  create function public.shown(item public.items, variadic others text[] default '{}') returns text
    language sql immutable security definer set search_path = public, pg_temp as $$ select item.note $$;
  create procedure public.tidy(inout below integer) language sql
    begin atomic delete from public.notes where id < below returning id; end;
  revoke execute on function public.shown from public;
  grant execute on function public.shown to :reader with grant option;
  create view public.top as select n.id, public.shown(n) as said from public.newest(5) n;

  create materialized view public.nearest with (autovacuum_enabled = false, toast.autovacuum_enabled = false) as
    select id, embedding, public.shown(i) as said from public.items i where id > 20;
  create unique index nearest_id on public.nearest (id);
  create index nearest_embedding on public.nearest using hnsw (embedding public.vector_l2_ops) with (m = 8);
  create index "Nearest said" on public.nearest ((lower(said))) where id > 30;
  alter index public."Nearest said" alter column 1 set statistics 7;
  comment on index public.nearest_embedding is 'for search';
  create statistics public.nearest_both (ndistinct) on id, said from public.nearest;
  alter materialized view public.nearest alter said set statistics 50, alter said set storage external;
  alter materialized view public.nearest cluster on nearest_id;
  comment on materialized view public.nearest is 'a copy';
  analyze public.nearest;
  create materialized view public.counted as select count(*) as nearest from public.nearest;
  create materialized view public.never as select tenant from public.recent with no data;

  grant select on public.recent to :reader with grant option;
  grant select ("Id"), update (label) on public."Mine; ""é""" to :reader;
  grant select on public.nearest, public.counted, public.top to :reader;
  grant select on public.other, public.items to :reader;
  create publication feed for table public.items (id, note) where (id > 5), table public.notes;
  create publication second for table public.notes;`

/** What the plan has to allow, each by its name. */
export const ALLOWED: readonly string[] = [
  'view public.recent',
  'view public."Mine; ""é"""',
  'view public.top',
  'function public.newest(integer)',
  'function public.shown(public.items,pg_catalog.text[])',
  'procedure public.tidy(integer)',
  'materialized view public.nearest',
  'materialized view public.counted',
  'materialized view public.never',
  'publication feed',
  'publication second',
]

export async function createDependentWorld(): Promise<World> {
  const world = await createWorld(SCHEMA, TABLES)
  const [reader, other, master] = [world.db.role('reader'), world.db.role('other'), world.db.master]
  // Grants by somebody who is not the owner, whom the product has to play.
  await world.query(`create role ${other}; grant ${reader} to ${master}`)
  await world.query(`set role ${reader}`)
  await world.query(`grant select on public.recent to ${other}`)
  await world.query(`grant execute on function public.shown to ${other}`)
  await world.query('reset role')
  return { ...world, allow: ALLOWED }
}

/** What an application sees through them. */
export const look = async ({ query }: World) => ({
  recent: await query('select * from public.recent order by id'),
  mine: await query('select "Id", label, whole::text from public."Mine; ""é""" order by 1'),
  top: await query('select * from public.top order by id'),
  newest: await query('select id from public.newest(2)'),
  nearest: await query('select id, embedding::text, said from public.nearest order by id'),
  search: await query(`select id from public.nearest order by embedding operator(public.<->) '[40.3,1.2,2]' limit 5`),
  counted: await query('select * from public.counted'),
  published: await query(
    `select pubname, tablename, attnames::text, rowfilter from pg_publication_tables order by 1, 2`,
  ),
})
