-- Everything that a table can have and a rollback must give back. :names stand for roles of one test database.
create schema "Odd ""Schema""; é";
grant usage on schema "Odd ""Schema""; é" to ":reader", ":writer";
create type "Odd ""Schema""; é"."Mood; é" as enum ('sad', 'it''s "fine"');
create domain "Odd ""Schema""; é".positive as integer check (value > 0);
create collation "Odd ""Schema""; é".german (provider = icu, locale = 'de');

create function "Odd ""Schema""; é".touch() returns trigger language plpgsql as $$ begin return new; end $$;

create table public.tenants (
  id uuid primary key default '00000000-0000-0000-0000-000000000001',
  name text not null constraint "tenant ""name"" é" unique
);
comment on table public.tenants is 'Far side of a foreign key; stays.';

create table public.docs (
  id bigint generated always as identity (start with 7 increment by 3 minvalue 1 maxvalue 9000000000000000000 cache 5 cycle) primary key with (fillfactor = 71),
  tenant uuid not null,
  parent bigint constraint docs_parent_fkey references public.docs (id) on delete set null deferrable initially deferred,
  title text collate "Odd ""Schema""; é".german not null default 'un''titled \ "x"',
  body text,
  body_length integer generated always as (length(body)) stored,
  mood "Odd ""Schema""; é"."Mood; é" default 'it''s "fine"',
  moods "Odd ""Schema""; é"."Mood; é"[],
  amount "Odd ""Schema""; é".positive,
  tags text[] not null default '{a,"b c"}',
  price numeric(12, 4) default 1.50,
  during tstzrange,
  dropped integer,
  embedding public.vector(3) not null,
  created_at timestamptz(3) not null default now(),
  "Mixed; ""Case"" é" varchar(20) compression pglz,
  constraint "docs; check" check (price >= 0 and title <> ''),
  constraint docs_unique unique nulls not distinct (tenant, title) include (price) with (fillfactor = 80) deferrable,
  constraint docs_no_overlap exclude using gist (during with &&) where (during is not null),
  constraint docs_tenant_fkey foreign key (tenant) references public.tenants (id) on update cascade
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_enabled = false);
alter table public.docs drop column dropped;
alter table public.docs alter column body set storage external;
alter table public.docs alter column title set statistics 321;
alter table public.docs alter column tags set (n_distinct = -0.25, n_distinct_inherited = 7);
alter table public.docs add constraint docs_later check (amount < 1000000) not valid;

create table "Odd ""Schema""; é"."Chunks; ""é"" ü" (
  serial_id serial,
  doc bigint,
  no integer not null default 1,
  embedding public.vector(3),
  note text,
  primary key (serial_id),
  constraint "chunk ""of""; é" foreign key (doc) references public.docs (id) on delete cascade
);
alter table "Odd ""Schema""; é"."Chunks; ""é"" ü" replica identity full;

-- Stays: a child of the tables that go.
create table public.feedback (
  id integer primary key,
  doc bigint,
  constraint feedback_doc_fkey foreign key (doc) references public.docs (id) match full
);
alter table public.feedback add constraint feedback_later foreign key (doc) references public.docs (id) not valid;
comment on constraint feedback_doc_fkey on public.feedback is 'comes ''back''';

create unlogged table public.queue (id bigserial primary key, payload jsonb not null default '{"a": [1, 2]}');

insert into public.queue (payload) values ('{}');

create index docs_embedding_hnsw on public.docs using hnsw (embedding public.vector_cosine_ops) with (m = 8, ef_construction = 40);
create index docs_embedding_ivfflat on public.docs using ivfflat (embedding public.vector_l2_ops) with (lists = 3) where tenant is not null;
create index "docs expr; ""é"" ü" on public.docs (lower(title) desc nulls last, (price * 2)) include (created_at) where price > 1;
alter index public."docs expr; ""é"" ü" alter column 2 set statistics 77;
create unique index docs_identity on public.docs (tenant, title, created_at);
alter table public.docs replica identity using index docs_identity;
alter table public.docs cluster on docs_identity;
create index docs_tags on public.docs using gin (tags) with (fastupdate = off);
alter table "Odd ""Schema""; é"."Chunks; ""é"" ü" cluster on "Chunks; ""é"" ü_pkey";

create statistics "Odd ""Schema""; é"."docs; stats" (dependencies, ndistinct) on tenant, title from public.docs;
alter statistics "Odd ""Schema""; é"."docs; stats" set statistics 55;
create statistics public.docs_expr on (lower(title)), (price * 3) from public.docs;

create trigger "touch; ""é"" ü" before insert or update of title on public.docs for each row when (new.price > 1) execute function "Odd ""Schema""; é".touch('arg''1', 'é');
create trigger touch_off after delete on public.docs for each statement execute function "Odd ""Schema""; é".touch();
create trigger touch_replica before update on public.docs for each row execute function "Odd ""Schema""; é".touch();
create constraint trigger touch_always after insert on public.docs deferrable initially deferred for each row execute function "Odd ""Schema""; é".touch();
alter table public.docs disable trigger touch_off;
alter table public.docs enable replica trigger touch_replica;
alter table public.docs enable always trigger touch_always;

create rule "no truncate; é" as on delete to "Odd ""Schema""; é"."Chunks; ""é"" ü" where old.no = 42 do instead nothing;
create rule off_rule as on update to "Odd ""Schema""; é"."Chunks; ""é"" ü" where new.no = 43 do also insert into public.feedback (id) values (new.no);
alter table "Odd ""Schema""; é"."Chunks; ""é"" ü" disable rule off_rule;

create policy "tenant ""rows""; é" on public.docs for select to ":reader", ":writer" using (tenant::text = current_setting('app.tenant', true));
create policy docs_writes on public.docs as restrictive for insert with check (price is not null);
create policy docs_all on public.docs to public using (true) with check (title <> 'x');
alter table public.docs enable row level security;
alter table public.docs force row level security;
alter table public.queue enable row level security;

grant select, insert on public.docs to ":writer" with grant option;
grant update on public.docs to ":writer";
grant select on public.docs to ":analyst";
grant update (title, "Mixed; ""Case"" é"), references (id) on public.docs to ":reader";
grant insert on public.docs to public;
grant usage on sequence public.docs_id_seq to ":writer" with grant option;
set role ":writer";
grant insert, select on public.docs to ":analyst" with grant option;
grant select (title) on public.docs to ":reader";
grant usage on sequence public.docs_id_seq to ":analyst";
set role ":analyst";
grant select (price) on public.docs to public;
reset role;
grant all on "Odd ""Schema""; é"."Chunks; ""é"" ü" to ":writer";
revoke delete on "Odd ""Schema""; é"."Chunks; ""é"" ü" from current_user;
revoke all on public.queue from current_user;
grant truncate on public.queue to current_user;

comment on table public.docs is 'It''s the "docs"; é \ ';
comment on column public.docs."Mixed; ""Case"" é" is 'a column''s';
comment on constraint "docs; check" on public.docs is 'check';
comment on constraint docs_unique on public.docs is 'unique';
comment on index public.docs_unique is 'index of the unique constraint';
comment on index public."docs expr; ""é"" ü" is 'expression';
comment on constraint docs_tenant_fkey on public.docs is 'to tenants';
comment on trigger "touch; ""é"" ü" on public.docs is 'trigger';
comment on policy "tenant ""rows""; é" on public.docs is 'policy';
comment on rule off_rule on "Odd ""Schema""; é"."Chunks; ""é"" ü" is 'rule';
comment on statistics public.docs_expr is 'statistics';
comment on sequence public.queue_id_seq is 'sequence';

insert into public.tenants values ('00000000-0000-0000-0000-000000000001', 'one');
insert into public.docs (tenant, title, body, embedding, price)
  select '00000000-0000-0000-0000-000000000001', 'doc ' || n, repeat('x', n), format('[%s,1,2]', n)::public.vector, n
    from generate_series(1, 20) n;
insert into "Odd ""Schema""; é"."Chunks; ""é"" ü" (doc, no) select id, 1 from public.docs;
insert into public.feedback select id, id from public.docs;
select setval('"Odd ""Schema""; é"."Chunks; ""é"" ü_serial_id_seq"', 4711, false);
