import { afterEach, beforeEach, expect, test } from 'vitest'
import { captureTables } from '#core/ddl/capture.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { undo } from '#test/postgres/partitions-world.ts'
import {
  createWorld,
  purgeChosen,
  restoreAll,
  retireAll,
  snapshotAll,
  type World,
} from '#test/postgres/snapshot-world.ts'
import { describePostgres } from '#test/support/database.ts'

const SCHEMA = `
  create function public.touch() returns trigger language plpgsql as 'begin return null; end';
  create table public.customers (id int primary key) partition by hash (id);
  create table public.customers_0 partition of public.customers for values with (modulus 1, remainder 0);
  insert into public.customers select generate_series(1, 20);

  -- Two partitioned tables of the plan that refer to each other, to a partitioned table outside, and to one partition.
  create table public.orders (id int, region text, customer int, paid_by int,
    constraint orders_pkey primary key (id, region),
    constraint orders_customer_fkey foreign key (customer) references public.customers (id) on update cascade deferrable)
    partition by list (region);
  create unlogged table public.orders_eu partition of public.orders for values in ('eu') with (autovacuum_enabled = off);
  create table public.orders_rest partition of public.orders default partition by range (id);
  create table public.orders_rest_1 partition of public.orders_rest for values from (1) to (50);
  create table public.orders_rest_2 partition of public.orders_rest default partition by list (region);
  create table public.orders_rest_2_us partition of public.orders_rest_2 for values in ('us');
  create table public.orders_rest_2_x partition of public.orders_rest_2 default;
  create table public.lines (id int not null, order_id int, region text, price numeric,
    constraint lines_order_fkey foreign key (order_id, region) references public.orders (id, region) match full on delete set null (order_id, region))
    partition by range (id, price) ;
  create table public.lines_low (price numeric not null, region text, order_id int, id int not null);
  alter table public.lines_low add constraint lines_by_hand foreign key (order_id, region) references public.orders (id, region) match full on delete set null (order_id, region);
  alter table public.lines attach partition public.lines_low for values from (minvalue, minvalue) to (100, minvalue);
  create table public.lines_high partition of public.lines for values from (100, minvalue) to (maxvalue, maxvalue);
  alter table public.orders add column first_line int;
  alter table public.lines_low add constraint lines_low_pkey primary key (id);
  alter table public.orders_eu add constraint eu_first foreign key (first_line) references public.lines_low (id);

  -- A unique constraint of a partition under an index of its parent that is none; a partition that has more than its parent.
  alter table public.lines_low add constraint low_unique unique (id, price);
  create unique index lines_unique on public.lines (id, price);
  create unique index eu_only on public.orders_eu (customer, id) where customer > 0;
  alter table public.lines_low replica identity using index low_unique;
  -- NOT VALID above, validated below.
  alter table public.orders add constraint positive check (id > 0) not valid;
  alter table public.orders_rest_1 validate constraint positive;
  alter table public.orders_eu add constraint eu_small check (id < 1000) no inherit;
  comment on constraint positive on public.orders_eu is 'of one partition';
  create constraint trigger later after insert on public.orders deferrable initially deferred for each row when (new.id > 5) execute function public.touch();
  create index orders_customer_idx on public.orders using hash (customer);
  drop index public.orders_customer_idx;
  create index orders_customer_idx on public.orders (customer) include (paid_by) where id > 0;
  alter table public.lines rename constraint lines_order_fkey to lines_order_key;
  alter table public.lines_high owner to :reader;

  insert into public.orders (id, region, customer) select n, (array['eu', 'us', 'asia'])[1 + n % 3], 1 + n % 20 from generate_series(1, 90) n;
  insert into public.lines select n, 1 + n % 90, (array['eu', 'us', 'asia'])[1 + (1 + n % 90) % 3], n / 2.0 from generate_series(1, 200) n;
  update public.orders set first_line = 3 where region = 'eu';`

const ROOTS = ['orders', 'lines'].map((name) => ({ schema: 'public', name }))

const look = async (world: World) => ({
  dump: world.dump().split('\n'),
  rows: await world.query(`select tableoid::regclass::text as part, o::text from public.orders o
    union all select tableoid::regclass::text, l::text from public.lines l order by 1, 2`),
  definitions: await world.session(async (s) =>
    (await captureTables(s, await expandTrees(s, ROOTS))).map(({ oid: _, ...definition }) => definition),
  ),
})

describePostgres('partitioned tables with what is seldom seen', () => {
  let world: World
  beforeEach(async () => {
    world = await createWorld('select 1', ROOTS)
    const [owner, reader] = [world.db.role('owner'), world.db.role('reader')]
    await world.query(`grant ${reader} to ${owner}, ${world.db.master}; grant create on schema public to ${reader}`)
    await world.asOwner(SCHEMA.replaceAll(':reader', reader))
  })
  afterEach(() => world.close())

  test('come back from a retirement as they were', async () => {
    const before = await look(world)
    await retireAll(world)
    expect(await undo(world)).toMatchObject({ lostForeignKeys: [], unvalidatedForeignKeys: [] })
    expect(await look(world)).toEqual(before)
  })

  test('come back from a snapshot as they were', async () => {
    const before = await look(world)
    await snapshotAll(world)
    await purgeChosen(world)
    expect((await restoreAll(world)).unvalidated).toEqual([])
    expect(await look(world)).toEqual(before)
  })
})
