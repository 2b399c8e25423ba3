import { expect, test } from 'vitest'
import type { Table } from '#core/names.ts'
import { describePostgres } from '#test/support/database.ts'
import { comesBack } from './generated/comes-back.ts'
import type { Application, Where } from './generated/database.ts'

const inPublic = (...names: string[]): Table[] => names.map((name) => ({ schema: 'public', name }))

/** SQL of an application's owner; `:owner`, `:reader` and `:writer` stand for roles. */
const application =
  (text: string, tables: readonly Table[]) =>
  ({ rolePrefix }: Where): Application => {
    const [owner, reader, writer] = ['owner', 'reader', 'writer'].map((name) => `${rolePrefix}${name}`) as [
      string,
      string,
      string,
    ]
    const roles = { ':owner': owner, ':reader': reader, ':writer': writer }
    const sql = text.replaceAll(/:(owner|reader|writer)/g, (name) => roles[name as keyof typeof roles])
    return { tables, roles: Object.values(roles), owners: [owner], statements: [{ as: owner, text: sql }] }
  }

/** By the role that the bootstrap makes, which neither owns the tables nor made them. */
const unharmed = (text: string, ...tables: string[]) =>
  comesBack(application(text, inPublic(...tables)), 'the role of the bootstrap')

describePostgres('comes back identical', () => {
  test('a table with options for a TOAST table that only a dropped column needed', async () => {
    await unharmed(
      `create table public.narrow (id bigint, gone text) with (toast.autovacuum_enabled = false, toast.vacuum_truncate = off);
       insert into public.narrow select n, 'x' from generate_series(1, 3) n;
       alter table public.narrow drop column gone`,
      'narrow',
    )
  })

  test('a foreign key to a table whose owner may not refer to it any more', async () => {
    await unharmed(
      `create table public.far (id bigint primary key); insert into public.far values (1);
       create table public.parents (id bigint primary key); insert into public.parents values (1);
       create table public.children (parent bigint references public.parents, far bigint references public.far);
       insert into public.children values (1, 1);
       revoke references on public.parents, public.far from ":owner"`,
      ...['parents', 'children'],
    )
  })

  test('a foreign key from a table that stays, to one whose owner may not refer to it any more', async () => {
    await unharmed(
      `create table public.parents (id bigint primary key); insert into public.parents values (1);
       create table public.stays (parent bigint references public.parents); insert into public.stays values (1);
       revoke references on public.parents from ":owner"`,
      'parents',
    )
  })

  test('a foreign key between tables whose owner may not read them', async () => {
    await unharmed(
      `create table public.parents (id bigint primary key); insert into public.parents values (1);
       create table public.stays (parent bigint references public.parents); insert into public.stays values (1);
       create table public.children (parent bigint references public.parents); insert into public.children values (1);
       alter table public.stays enable row level security;
       alter table public.stays force row level security;
       revoke select on public.parents, public.stays, public.children from ":owner"`,
      'parents',
    )
  })

  test('a text of 100 MB, and vectors of 16,000 dimensions', async () => {
    await unharmed(
      `create table public.big (id integer primary key, body text, embedding public.vector(16000), sparse public.sparsevec(1000000000));
       alter table public.big alter column body set storage external;
       insert into public.big values (1, repeat(E'0123456789\\n\\\\N\\t\\\\.é', 5800000), null, '{1:1,1000000000:-3.4e38}/1000000000');
       insert into public.big select n, E'\\\\N', array_fill(n / 7.0, array[16000])::real[]::public.vector,
         (select '{' || string_agg(d || ':' || n, ',') || '}/1000000000' from generate_series(1, 16000) d)::public.sparsevec
         from generate_series(2, 12) n`,
      'big',
    )
  }, 300_000)

  test('rows without columns, in tables that lost or never had them, or compute them all', async () => {
    await unharmed(
      `create table public.nothing ();
       insert into public.nothing select from generate_series(1, 3000);
       create table public.lost (id integer, body text);
       insert into public.lost select n, repeat('x', 100) from generate_series(1, 3000) n;
       alter table public.lost drop column id, drop column body;
       create table public.computed (one integer generated always as (1) stored, two text generated always as ('é') stored);
       insert into public.computed select from generate_series(1, 3000);
       create table public.empty ();`,
      ...['nothing', 'lost', 'computed', 'empty'],
    )
  })

  test('as many columns as a table can have', async () => {
    const columns = Array.from({ length: 1_600 }, (_, i) => `"column; ${i}" ${i % 7 === 0 ? 'text' : 'smallint'}`)
    await unharmed(
      `create table public.wide (${columns.join(', ')});
       insert into public.wide ("column; 0", "column; 1", "column; 1599") values ('é', 1, 2), (null, null, null)`,
      'wide',
    )
  })

  test('columns with the names that the statements of a snapshot use themselves', async () => {
    await unharmed(
      `create table public.t (t integer, r text, h text, oid integer, done text, n integer, "ctid " text, public integer, " " text);
       insert into public.t select n, 'r' || n, 'h', n, 'd', n, 'c', n, ' ' from generate_series(1, 900) n;
       create table public.done (kind text, name text); insert into public.done values ('part', 'x');
       create index h on public.t (h, r) where n > 1;
       create table public.r (like public.t including all); insert into public.r select * from public.t`,
      ...['t', 'done', 'r'],
    )
  })

  test('foreign keys in a circle of three, deferred, with rows that go round', async () => {
    await unharmed(
      `create table public.a (id integer primary key, next integer);
       create table public.b (id integer primary key, next integer references public.a deferrable initially deferred);
       create table public.c (id integer primary key, next integer references public.b on delete cascade, self integer references public.c);
       alter table public.a add constraint round foreign key (next) references public.c on update cascade deferrable;
       insert into public.a select n, null from generate_series(1, 500) n;
       insert into public.b select n, 501 - n from generate_series(1, 500) n;
       insert into public.c select n, 501 - n, 1 from generate_series(1, 500) n;
       update public.a set next = id`,
      ...['c', 'a', 'b'],
    )
  })

  test('conditions that PostgreSQL prints in a way that it would itself read as something else', async () => {
    await unharmed(
      `create table public.said (id integer primary key, score numeric(3, 2), net cidr, at timestamptz,
         kind varchar(12) default 'page' check (kind in ('page', 'no''te', 'a) and (b', E'\\\\')),
         tags varchar(9)[] default array['a', 'b']::varchar(5)[],
         plain boolean generated always as (kind in ('page', 'note') and id between 1 and 9) stored,
         check (score between 0 and 1 and id > 0 and (id < 9 or score not between 0.2 and 0.3 or id is null)),
         constraint rows check ((id, score) in ((1, 0.5), (2, 0.5)) or id not between 5 and 6 or (net in ('10.0.0.0/8', '10.1.0.0/16'))),
         constraint numbers check (score <> all (array[2, 3]) and score <> all (array[2.5, 3.5]::numeric[]) and id = any (array[1, 2])),
         constraint deep check (array[array['a', kind], array['b', 'c']]::text[] is not null and not (kind in ('x', 'y')) is true));
       insert into public.said (id, score, kind) values (1, 0.5, 'page');
       create index partly on public.said (id) where kind in ('page', 'note') and score is not null;
       create index computed on public.said ((kind not in ('page', 'note') or id between 1 and 2 or id > 7));
       create statistics public.both (mcv) on id, (kind in ('page', 'note')) from public.said;
       create policy seen on public.said using ((id between 1 and 3 and kind in ('page', 'note')) or
         exists (select from public.said other where other.kind in ('page', 'note') and other.id = said.id))
         with check (kind in ('page', 'note'));
       alter table public.said enable row level security;
       create function public.noted() returns trigger language plpgsql as 'begin return new; end';
       create trigger noted before update on public.said for each row
         when (old.kind in ('page', 'note') and (new.id between 1 and 2 and new.id > 0)) execute function public.noted();
       create rule kept as on delete to public.said where old.kind in ('page', 'note') do instead nothing`,
      'said',
    )
  })

  test('tables that share a sequence, a rule and a policy with one another', async () => {
    await unharmed(
      `create table public.owning (id serial primary key, allowed boolean);
       create table public.borrowing (id integer default nextval('public.owning_id_seq'), body text);
       insert into public.owning (allowed) values (true); insert into public.borrowing (body) values ('x');
       create rule copied as on insert to public.owning do also insert into public.borrowing (body) values ('rule');
       create policy seen on public.borrowing using (exists (select from public.owning where allowed));
       alter table public.borrowing enable row level security`,
      ...['borrowing', 'owning'],
    )
  })

  test('composites of composites, domains over them, and vectors inside', async () => {
    await unharmed(
      `create type public.inner_pair as (embedding public.vector(2), half public.halfvec[]);
       create type public.outer_pair as (id integer, pairs public.inner_pair[]);
       create domain public.checked as public.outer_pair check ((value).id > 0);
       create domain public.vectors as public.vector(2)[] check (cardinality(value) < 9);
       create domain public.bits as bit(5) default B'10101' not null;
       create table public.nested (id integer primary key, pair public.outer_pair, checked public.checked, many public.checked[],
         vectors public.vectors, bits public.bits, range int4multirange);
       insert into public.nested select n, row(n, array[row('[1,2]', array['[0.5]'::public.halfvec, null])::public.inner_pair, null])::public.outer_pair,
         row(n, null)::public.outer_pair::public.checked, array[row(n, '{}')::public.outer_pair::public.checked, null], array['[1,2]'::public.vector], B'10101', '{[1,3),[5,)}'
         from generate_series(1, 300) n`,
      'nested',
    )
  })

  test('row security that is forced upon the owner, who sees none of the rows', async () => {
    await unharmed(
      `create table public.parents (id integer primary key, parent integer references public.parents);
       insert into public.parents select n, nullif(n / 2, 0) from generate_series(1, 300) n;
       create table public.children (parent integer references public.parents);
       insert into public.children select n from generate_series(1, 300) n;
       create table public.stays (parent integer references public.parents);
       insert into public.stays values (7);
       create policy none on public.parents as restrictive using (false);
       create policy seen on public.children using (current_user = ':reader');
       create policy never on public.stays as restrictive for select using (false);
       alter table public.parents enable row level security; alter table public.parents force row level security;
       alter table public.children enable row level security; alter table public.children force row level security;
       alter table public.stays enable row level security; alter table public.stays force row level security`,
      ...['parents', 'children'],
    )
  })

  test('sequences at their last value, past it, and going down', async () => {
    await unharmed(
      `create table public.last (id smallint generated always as identity (maxvalue 3 cycle), down serial, body text);
       alter sequence public.last_down_seq increment by -5 minvalue -20 maxvalue 9 start with 9 restart with 9;
       insert into public.last (body) values ('a'), ('b'), ('c');
       create table public.fresh (id bigint generated by default as identity (start with 9223372036854775807 increment by -9223372036854775807 minvalue -9223372036854775808 maxvalue 9223372036854775807 cache 7))`,
      ...['last', 'fresh'],
    )
  })

  test('types with names that are hard to say, in columns with and without a size', async () => {
    await unharmed(
      `create type public."a ""type""; é(3)[]" as enum ('x;', '"', E'\\\\');
       create domain public."vector(3)" as public.vector(3);
       create table public.typed (a public."a ""type""; é(3)[]", b public."a ""type""; é(3)[]"[],
         c public."vector(3)", d public."vector(3)"[], e varchar(3)[], f "char"[], g bit[], h numeric(3,0)[][]);
       insert into public.typed values ('x;', array['"', E'\\\\', null]::public."a ""type""; é(3)[]"[], '[1,2,3]', array['[1,2,3]', null]::public.vector[],
         '{abc,"\\""}', '{a,"\\\\"}', '{0,1}', '{{1,2},{3,4}}')`,
      'typed',
    )
  })
})

describePostgres('is refused by name, because it would come back as something else', () => {
  test('a condition that PostgreSQL prints differently once it has read its own print', async () => {
    await expect(unharmed(`create table public.odd (id int check (id > - '1'::int))`, 'odd')).rejects.toThrow(
      /Retire\.Refused: "constraint "odd_id_check" of public\.odd" is printed as .* would be as .*made anew/s,
    )
  })

  test('a value that names a table by its OID, however deep it lies', async () => {
    await expect(
      unharmed(
        `create domain public.reference as regclass;
         create type public.referring as (what public.reference[]);
         create table public.logged (about regclass, types regtype[], deep public.referring, fine regrole, name name);
         insert into public.logged values ('public.logged', '{public.logged}', row(array['public.logged'::regclass::public.reference]))`,
        'logged',
      ),
    ).rejects.toThrow(
      /Retire\.Refused: "column about of public\.logged" .*"column deep of public\.logged" .*"column types of public\.logged" .*\n/,
    )
  })
})
