-- Tables whose rows are easily lost or changed on the way. :owner and :reader stand for roles of one test database.
create schema "Söhne & ""Co""";
create type public.mood as enum ('sad', 'it''s "fine"', E'tab\there');
create type public.point3 as (x integer, y integer, mood public.mood);
create domain public.embedding3 as public.vector(3) check (value is not null);
create domain public.code as text check (value <> 'forbidden');
create function public.touch() returns trigger language plpgsql as $$ begin return new; end $$;

create table public.tenants (id integer primary key, name text not null);
insert into public.tenants select n, 'tenant ' || n from generate_series(1, 3) n;

create table public.documents (
  id bigint generated always as identity (start with 10 increment by 5) primary key,
  tenant integer constraint documents_tenant_fkey references public.tenants (id),
  parent bigint references public.documents (id),
  title text not null default 'untitled' check (title <> ''),
  length integer generated always as (length(title)) stored,
  body text,
  embedding public.vector(4),
  half public.halfvec(3),
  sparse public.sparsevec(5),
  hash bit(8),
  at timestamptz,
  day date,
  score double precision,
  tags text[],
  raw bytea,
  meta jsonb,
  unique (tenant, title)
) with (fillfactor = 80);
create index documents_embedding_idx on public.documents using hnsw (embedding public.vector_l2_ops) with (m = 8, ef_construction = 32);
create index documents_half_idx on public.documents using hnsw (half public.halfvec_cosine_ops) where tenant is not null;
create index documents_lists_idx on public.documents using ivfflat (embedding public.vector_cosine_ops) with (lists = 2);
create index documents_title_idx on public.documents (lower(title)) include (at);
create trigger touch before update on public.documents for each row execute function public.touch();
alter table public.documents enable row level security;
alter table public.documents force row level security;
create policy own_rows on public.documents for select to ":reader" using (tenant = 1);
create policy all_rows on public.documents to current_user using (true);
grant select (id, title) on public.documents to ":reader";
comment on table public.documents is 'It''s the documents';
comment on column public.documents.embedding is 'four dimensions';
comment on index public.documents_title_idx is 'by title';

create table "Söhne & ""Co"""."Stücke; ""drop""" (
  "Nr." serial primary key,
  document bigint not null references public.documents (id) on delete cascade,
  "Gefühl" public.mood,
  moods public.mood[],
  corner public.point3,
  vectors public.vector[],
  domained public.embedding3,
  code public.code
);
create index documents_title_idx on "Söhne & ""Co"""."Stücke; ""drop""" ("Gefühl");
grant select on "Söhne & ""Co"""."Stücke; ""drop""" to ":reader" with grant option;

create table public.empty_table (id uuid primary key, embedding public.vector(2) not null);
create index empty_table_idx on public.empty_table using hnsw (embedding public.vector_ip_ops);
create table public.no_columns ();

-- Stays, and refers to what goes.
create table public.feedback (id integer primary key, document bigint references public.documents (id));

insert into public.documents (tenant, title, body, embedding, half, sparse, hash, at, day, score, tags, raw, meta)
select 1 + n % 3, 'title ' || n, repeat('x', n * 40), array[n, n % 7, n % 3, 1]::real[]::public.vector, array[n % 5, 1, 2]::real[]::public.halfvec,
  format('{1:%s,4:2}/5', n)::public.sparsevec, (n % 256)::bit(8), timestamptz '2026-01-01 00:00+00' + n * interval '1 hour', date '2026-01-01' + n,
  n / 3.0, array['a', n::text], decode(lpad(to_hex(n), 8, '0'), 'hex'), jsonb_build_object('n', n)
from generate_series(1, 400) n;
insert into public.documents (tenant, title, body, embedding, at, day, score, tags, raw) values
  (null, E'tab\tnewline\nreturn\r\\N', E'\\N', null, 'infinity', '5874897-12-31', 'NaN', '{}', ''),
  (null, 'umlaut äöü 向量 🧭', '\.', '[1,2,3,4]', '-infinity', '4713-01-01 BC', '-Infinity', array[null, 'NULL', 'a"b\c', ''], '\x00ff0a5c'),
  (1, 'nothing', null, null, null, null, '-0', null, null);
update public.documents set parent = 10 where id > 1000;
delete from public.documents where id between 500 and 600;
insert into "Söhne & ""Co"""."Stücke; ""drop""" (document, "Gefühl", moods, corner, vectors, domained, code)
select id, (array['sad', 'it''s "fine"', E'tab\there'])[1 + id % 3]::public.mood, array['sad', null, E'tab\there']::public.mood[],
  row(1, null, 'it''s "fine"')::public.point3, array['[1,2]'::public.vector, null], array[id, 0.1, 1e-7]::real[]::public.vector, E'a\tb'
from public.documents;
insert into public.no_columns default values;
insert into public.no_columns default values;
insert into public.feedback select row_number() over (order by id), id from public.documents limit 20;
select setval('"Söhne & ""Co"""."Stücke; ""drop""_Nr._seq"', 9000, false);
