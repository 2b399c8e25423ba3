create schema "Söhne; ""P""";
create table public.tenants (tenant text primary key);
insert into public.tenants values ('a'), ('b'), ('c');
create function public.touch() returns trigger language plpgsql as 'begin return new; end';

-- By range, below that by list and by hash, with defaults; partitions made in every way that there is.
create table public.chunks (
  id bigserial,
  at date not null,
  tenant text not null default 'a',
  embedding public.vector(3),
  body text constraint body_not_blank check (body <> ''),
  size integer generated always as (length(body)) stored,
  before_id bigint, before_at date, before_tenant text,
  constraint chunks_pkey primary key (id, at, tenant)
) partition by range (at);
create table public.chunks_2024 partition of public.chunks for values from ('2024-01-01') to ('2025-01-01') partition by list (tenant);
create table public.chunks_2024_a partition of public.chunks_2024 for values in ('a', null);
create table public.chunks_2024_rest partition of public.chunks_2024 default with (fillfactor = 70);
create table public.chunks_2025 partition of public.chunks for values from ('2025-01-01') to ('2026-01-01') partition by hash (id);
create table public.chunks_2025_0 partition of public.chunks_2025 for values with (modulus 2, remainder 0);
create table public.chunks_2025_1 partition of public.chunks_2025 for values with (modulus 2, remainder 1);
create table public.chunks_rest partition of public.chunks default;
-- Columns in another order, one that is gone, a default and a key of its own.
create table "Söhne; ""P"""."Früh & ""spät""" (
  gone int, body text not null, tenant text not null default 'b', at date not null, embedding public.vector(3), id bigint not null,
  size integer generated always as (length(body)) stored,
  before_tenant text, before_id bigint, before_at date,
  constraint body_not_blank check (body <> ''),
  constraint local_size check (length(body) < 1000) not valid,
  constraint own_key primary key (id, at, tenant),
  constraint tenant_of_its_own foreign key (tenant) references public.tenants (tenant) on delete cascade
);
alter table "Söhne; ""P"""."Früh & ""spät""" drop column gone, alter body set storage external;
alter table public.chunks add constraint chunks_tenant_fkey foreign key (tenant) references public.tenants (tenant) on delete cascade;
alter table public.chunks attach partition "Söhne; ""P"""."Früh & ""spät""" for values from (minvalue) to ('2024-01-01');
alter table public.chunks add constraint chunks_before_fkey foreign key (before_id, before_at, before_tenant)
  references public.chunks (id, at, tenant) deferrable initially deferred;
comment on constraint chunks_tenant_fkey on public.chunks is 'the tenant''s';

create index chunks_embedding_idx on public.chunks using hnsw (embedding public.vector_l2_ops) with (m = 8);
create index chunks_body_idx on public.chunks ((lower(body))) where size > 1;
alter index public.chunks_body_idx alter column 1 set statistics 50;
alter index public.chunks_2024_a_lower_idx alter column 1 set statistics 70;
comment on index public.chunks_2024_a_embedding_idx is 'of one partition';
comment on index public.chunks_body_idx is 'of all';
create index chunks_2024_a_only on public.chunks_2024_a (size);
-- Half attached: invalid on the parent, until somebody goes on.
create index half_idx on only public.chunks (size);
create index half_rest_idx on public.chunks_rest (size);
alter index public.half_idx attach partition public.half_rest_idx;
create unique index chunks_2024_unique on public.chunks_2024 (tenant, size, id);
alter table public.chunks_2025_0 cluster on chunks_2025_0_pkey;
alter table public.chunks_2025_0 replica identity full;
alter table public.chunks_2025_1 replica identity using index chunks_2025_1_pkey;
alter table public.chunks alter column body set statistics 77;
alter table only public.chunks alter column tenant set default 'c';
alter table public.chunks_2024_a alter column embedding set (n_distinct = -0.5), alter column body set statistics 12;
create statistics public.chunks_stats (ndistinct) on tenant, size from public.chunks;
create statistics public.leaf_stats on tenant, size from public.chunks_2024_rest;

create trigger touch before insert or update on public.chunks for each row execute function public.touch();
create trigger told after delete on public.chunks for each statement execute function public.touch();
create trigger leaf_touch before update on public.chunks_2024_a for each row execute function public.touch();
create trigger off before update on public.chunks for each row execute function public.touch();
alter table only public.chunks disable trigger off;
alter table public.chunks_rest disable trigger touch;
alter table public.chunks_2025 enable always trigger touch;
comment on trigger touch on public.chunks is 'touches';

alter table public.chunks enable row level security;
alter table public.chunks_2024_a enable row level security;
alter table public.chunks_2024_a force row level security;
create policy mine on public.chunks for select to :reader using (tenant = current_user);
create policy leaf_only on public.chunks_2024_a using (size > 0) with check (true);
grant select, insert on public.chunks to :reader;
grant select (body) on public.chunks_2024 to :reader with grant option;
grant update on public.chunks_rest to public;
revoke truncate on public.chunks_2025_0 from :owner;
comment on table public.chunks is 'all of them';
comment on table public.chunks_2025_1 is 'one half';
comment on column public.chunks_2024.body is 'text';

create table public.feedback (id int primary key, chunk bigint, at date, tenant text,
  constraint feedback_chunk_fkey foreign key (chunk, at, tenant) references public.chunks (id, at, tenant));
create table public.ratings (chunk bigint, at date, tenant text, stars int,
  constraint ratings_chunk_fkey foreign key (chunk, at, tenant) references public.chunks (id, at, tenant)) partition by range (at);
create table public.ratings_old partition of public.ratings for values from (minvalue) to ('2025-01-01');
create table public.ratings_new partition of public.ratings default;

insert into public.chunks (at, tenant, embedding, body)
  select date '2023-06-01' + n * 4, (array['a', 'b', 'c'])[1 + n % 3], array[n, n % 7, 1]::real[]::public.vector, repeat('x', 1 + n % 40) || n
    from generate_series(1, 300) n;
update public.chunks set before_id = 1, before_at = '2023-06-05', before_tenant = 'b' where id > 290;
insert into public.feedback select id, id, at, tenant from public.chunks where id % 10 = 0;
insert into public.ratings select id, at, tenant, id % 5 from public.chunks where id % 7 = 0;

-- By list, its partitions in two schemas; and one without any.
create table "Söhne; ""P""".kinds (kind text collate "C", note text, primary key (kind)) partition by list (kind collate "C");
create table public.kinds_1 partition of "Söhne; ""P""".kinds for values in ('it''s', '"one"');
create table "Söhne; ""P"""."kinds; rest" partition of "Söhne; ""P""".kinds default;
create table public.nothing (id int, primary key (id)) partition by hash (id);
insert into "Söhne; ""P""".kinds values ('it''s', 'one'), ('"one"', 'two'), ('else', 'three');
