create schema "Erben";
create table public.people (name text primary key);
insert into public.people values ('ann'), ('bob');
create function public.touch() returns trigger language plpgsql as 'begin return new; end';
create table public.events (
  id bigserial primary key,
  at date not null default '2024-01-01',
  note text default 'none' constraint noted check (note <> ''),
  embedding public.vector(3),
  person text constraint events_person_fkey references public.people (name),
  size int generated always as (length(note)) stored,
  constraint old_enough check (at > '1900-01-01') not valid,
  constraint mine_alone check (id < 1000000) no inherit
);
create table public.tagged (tag text not null default 'red', note text, constraint tagged_check check (tag <> 'blue'));
-- One parent, columns and checks of its own, another default, NOT NULL on what it inherits.
create table public.visits (page text, constraint visits_page check (page <> '')) inherits (public.events);
alter table public.visits alter column note set default 'visited', alter column person set not null, add primary key (id);
-- Two parents that have a column in common, which it declares as well.
create table "Erben"."Käufe" (price numeric, note text default 'bought', constraint noted check (note <> '')) inherits (public.events, public.tagged);
-- Two levels down, and a second way up to the same.
create table public.refunds (why text) inherits ("Erben"."Käufe");
create table public.page_refunds (note text default 'paid back') inherits (public.visits, public.refunds) with (fillfactor = 60);
-- Made by itself, in another order, and adopted.
create table public.adopted (own int, note text default 'own', at date not null, id bigint not null, embedding public.vector(3), person text,
  size int generated always as (length(note)) stored,
  constraint noted check (note <> ''), constraint old_enough check (at > '1900-01-01') not valid);
alter table public.adopted inherit public.events;

create index events_embedding_idx on public.events using hnsw (embedding public.vector_l2_ops);
create index visits_embedding_idx on public.visits using hnsw (embedding public.vector_l2_ops);
create unique index adopted_id on public.adopted (id) include (own);
alter table public.visits add constraint visits_person_fkey foreign key (person) references public.people (name);
create table public.likes (visit bigint constraint likes_visit_fkey references public.visits (id), event bigint references public.events (id));
create trigger touch before insert on public.events for each row execute function public.touch();
create trigger touch before insert on public.refunds for each row execute function public.touch();
alter table public.refunds disable trigger touch;
alter table public.visits enable row level security;
create policy own on public.visits using (person = current_user);
grant select on public.events to :reader;
grant insert (why) on public.refunds to :reader;
alter table public.events alter column note set storage external;
alter table public.events alter column at set statistics 33;
alter table only public.events alter column person set statistics 44;
create statistics public.visit_stats on page, at from public.visits;
comment on table public.visits is 'seen';
comment on column public.visits.note is 'inherited';
comment on constraint noted on "Erben"."Käufe" is 'of both';
insert into public.events (note, embedding, person) select 'e' || n, array[n, 1, 2]::real[]::public.vector, 'ann' from generate_series(1, 20) n;
insert into public.visits (note, embedding, person, page) select 'v' || n, array[n, 2, 2]::real[]::public.vector, 'bob', 'p' from generate_series(1, 30) n;
insert into "Erben"."Käufe" (price) values (1), (2), (3);
insert into public.refunds (why) values ('broken');
insert into public.page_refunds (person, page) values ('ann', 'q');
insert into public.adopted (own, at, id) values (1, '2020-02-02', 77);
insert into public.tagged values ('green', 'alone');
insert into public.likes values (21, 1), (22, 2);
