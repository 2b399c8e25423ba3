import { afterAll, beforeAll, expect, test } from 'vitest'
import { captureTables } from '#core/ddl/capture.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import type { Database, Objects, Session } from '#core/ports.ts'
import { undoRetire } from '#core/retire/undo.ts'
import { sql } from '#core/sql/tag.ts'
import { embedded } from '#local/embedded.ts'
import { newBucket } from '#test/postgres/snapshot-bucket.ts'
import { purgeChosen, RETIREMENT, restoreAll, retireAll, snapshotAll } from '#test/postgres/snapshot-world.ts'
import { realClock as clock } from '#test/support/clock.ts'

// What PostgreSQL 18 has that 15 has not: identity that partitions share, NOT NULL as a constraint, NOT VALID keys of partitions.
const SCHEMA = `create extension vector schema public;
  create table public.kinds (kind text primary key);
  insert into public.kinds values ('a'), ('b');
  create table public.items (
    id bigint generated always as identity,
    kind text constraint has_kind not null,
    embedding public.vector(3),
    note text default 'none',
    twice bigint generated always as (id * 2) virtual,
    primary key (id, kind),
    constraint items_kind_fkey foreign key (kind) references public.kinds (kind)
  ) partition by list (kind);
  create table public.items_a partition of public.items for values in ('a') partition by hash (id);
  create table public.items_a0 partition of public.items_a for values with (modulus 2, remainder 0);
  create table public.items_a1 (note text constraint noted not null, twice bigint generated always as (id * 2) virtual,
    embedding public.vector(3), id bigint not null, kind text constraint of_its_own not null);
  alter table public.items_a attach partition public.items_a1 for values with (modulus 2, remainder 1);
  create table public.items_rest partition of public.items default;
  alter table public.items add constraint later_fkey foreign key (note) references public.kinds (kind) not valid;
  alter table public.items add constraint embedded not null embedding not valid;
  create index items_embedding_idx on public.items using hnsw (embedding public.vector_l2_ops);
  create table public.votes (item bigint, kind text, constraint votes_fkey foreign key (item, kind) references public.items (id, kind));
  set session_replication_role = replica;
  insert into public.items (kind, embedding, note) select case when n % 3 = 0 then 'b' else 'a' end, array[n, 1, 2]::real[]::public.vector, 'note ' || n
    from generate_series(1, 300) n;
  reset session_replication_role;
  insert into public.votes select id, kind from public.items where id < 10;

  create table public.events (id bigint generated always as identity primary key, at date constraint dated not null, note text, rank int,
    constraint ranked check (rank > 0) not enforced);
  create table public.visits (page text, note text constraint visited not null) inherits (public.events);
  alter table public.visits add constraint own_rank not null rank;
  create table public.adopted (own int, rank int, note text, at date constraint adopted_at not null, id bigint not null,
    constraint ranked check (rank > 0) not enforced);
  alter table public.adopted inherit public.events;
  create table public.deeper () inherits (public.visits);
  insert into public.visits (id, at, note, rank, page) values (1, '2024-01-01', 'v', 1, 'p');
  insert into public.deeper (id, at, note, rank) values (2, '2024-01-02', 'd', 2);
  insert into public.adopted (own, id, at) values (1, 3, '2024-01-03');
  insert into public.events (at) values ('2024-01-04');`

const ROOTS = [
  { schema: 'public', name: 'items' },
  { schema: 'public', name: 'events' },
]
let database: Database & { close(): Promise<void> }
let objects: Objects
beforeAll(async () => {
  ;[database, objects] = await Promise.all([embedded(), newBucket()])
  await session((s) => s.script(SCHEMA))
})
afterAll(() => database.close())

const session = <T>(work: (session: Session) => Promise<T>) => database.session({ applicationName: 'test' }, work)
const look = () =>
  session(async (s) => ({
    rows: (await s.query(sql`select tableoid::regclass::text as part, i::text from public.items i order by 1, 2`)).rows,
    events: (await s.query(sql`select tableoid::regclass::text as heir, e::text from public.events e order by 1, 2`))
      .rows,
    nearest: (
      await s.query(sql`select id from public.items order by embedding operator(public.<->) '[42.3,1,2]' limit 5`)
    ).rows,
    definitions: (await captureTables(s, await expandTrees(s, ROOTS))).map(({ oid: _, ...definition }) => definition),
  }))

test('on PostgreSQL 18 partitioned and inherited tables come back identical, from its retirement and from its snapshot', async () => {
  const world = { session, objects, database, tables: ROOTS }
  const before = await look()
  expect(before.definitions).toHaveLength(9)
  await retireAll(world)
  const undone = await session((s) => undoRetire(s, { retirement: RETIREMENT, clock }))
  expect(undone).toMatchObject({ changed: true, lostForeignKeys: [], unvalidatedForeignKeys: [] })
  expect(await look()).toEqual(before)
  await session((s) => s.script('delete from vector_rollback_retired.retirements'))

  await snapshotAll(world)
  expect(await purgeChosen(world)).toMatchObject({ changed: true, rows: 304 })
  expect((await restoreAll(world)).unvalidated).toEqual([])
  expect(await look()).toEqual(before)
})
