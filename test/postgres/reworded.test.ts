import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { RetirementId, Table } from '#core/names.ts'
import { readOnly } from '#core/preview/read-only.ts'
import { findRewordings } from '#core/retire/refusals.ts'
import { survey } from '#core/retire/survey.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

/** PostgreSQL reads `- 1`, its own print of this, as the number -1, and prints that as `'-1'::integer`. */
const ODD = `n > - '1'::int`

const tables: Table[] = [
  { schema: 'public', name: 'Odd- "x"' },
  ...['plain', 'tree', 'tree_1'].map((name) => ({ schema: 'public', name })),
]

describePostgres('before a table is moved out of reach', () => {
  let db: TestDatabase
  let client: Client

  beforeAll(async () => {
    db = await createDatabase()
    client = new Client({ connectionString: db.url })
    await client.connect()
    await client.query('create extension if not exists vector')
    await client.query(`
      create table public.plain (id bigint generated always as identity primary key, kind varchar(9) default 'a' check (kind in ('a', 'b')),
        at timestamptz default now(), n int, embedding public.vector(3), check (n between 1 and 2 and id > 0));
      create index on public.plain using hnsw (embedding public.vector_l2_ops) where kind in ('a', 'b');
      create policy of_plain on public.plain using (exists (select from public.plain other where other.n = plain.n));
      create table public.tree (n int default - '1'::int, check (n between 1 and 2 and n > 0)) partition by list ((n between 1 and 2 and n > 0));
      create table public.tree_1 partition of public.tree for values in (true)`)
    await client.query(`
      create function public.noted() returns trigger language plpgsql as 'begin return new; end';
      create table public."Odd- ""x""" (id serial primary key, n int check (${ODD}), m int default - '1'::int,
        g bool generated always as (${ODD}) stored, kind varchar(9) check (kind in ('a', 'b')));
      create index "Of it" on public."Odd- ""x""" ((${ODD}));
      create index part on public."Odd- ""x""" (id) where ${ODD};
      create statistics public."by it" (mcv) on id, (${ODD}) from public."Odd- ""x""";
      create policy seen on public."Odd- ""x""" using (${ODD}) with check (kind in ('a', 'b') and exists (select from public.plain p where p.id = n));
      create trigger noted before update on public."Odd- ""x""" for each row when (new.${ODD}) execute function public.noted();
      create rule kept as on delete to public."Odd- ""x""" where old.${ODD} do instead nothing;
      create view public.seen as select n from public."Odd- ""x""" where ${ODD}`)
  }, 60_000)
  afterAll(async () => {
    await client.end()
    await db.drop()
  })

  const look = (allow: readonly string[] = []) =>
    readOnly(postgres({ url: db.url }), async (session) =>
      findRewordings(session, await survey(session, 'look' as RetirementId, tables), allow),
    )

  test('says by name what a snapshot would give back with another text, and nothing else', async () => {
    const { refusals } = await look(['view public.seen'])
    expect(refusals.map(({ object }) => object).sort()).toEqual([
      'constraint "Odd- "x"_n_check" of public.Odd- "x"',
      'default of column "g" of public.Odd- "x"',
      'default of column "m" of public.Odd- "x"',
      'default of column "n" of public.tree',
      'index "Of it" of public.Odd- "x"',
      'index "part" of public.Odd- "x"',
      'policy "seen", USING of public.Odd- "x"',
      'query of view public.seen',
      'rule "kept" of public.Odd- "x"',
      'statistics "by it" of public.Odd- "x"',
      'trigger "noted" of public.Odd- "x"',
    ])
    expect(refusals.find(({ object }) => object.startsWith('constraint'))?.why).toContain(
      `is printed as CHECK ((n > (- 1))), and would be as CHECK ((n > '-1'::integer)) when`,
    )
  })

  test('a plan allows it by name, but for an index, which a restore would not know again', async () => {
    const { refusals } = await look()
    const { refusals: left, allowed } = await look(refusals.map(({ object }) => object))
    expect(left.map(({ object }) => object).sort()).toEqual([
      'index "Of it" of public.Odd- "x"',
      'index "part" of public.Odd- "x"',
    ])
    expect(allowed).toHaveLength(refusals.length - left.length)
  })

  test('it neither waits for a lock on the tables, nor leaves anything behind', async () => {
    const objects = async () => (await client.query('select count(*)::int as n from pg_class')).rows
    const before = await objects()
    await readOnly(postgres({ url: db.url }), async (session) => {
      const surveyed = await survey(session, 'look' as RetirementId, tables)
      await client.query('begin; lock table public."Odd- ""x""", public.tree in access exclusive mode')
      expect((await findRewordings(session, surveyed, [])).refusals).not.toEqual([])
      await client.query('rollback')
    })
    expect(await objects()).toEqual(before)
  })

  test('where nobody may try it out, that is the finding', async () => {
    await client.query(
      `create role reader_${process.pid}; grant reader_${process.pid} to current_user; revoke temporary on database ${db.name} from public`,
    )
    try {
      const found = await postgres({ url: db.url }).session({ applicationName: 'test' }, async (session) => {
        const surveyed = await survey(session, 'look' as RetirementId, tables)
        await session.query({ text: `set role reader_${process.pid}`, values: [] })
        return findRewordings(session, surveyed, [])
      })
      expect(found.refusals).toMatchObject([
        { object: `database ${db.name}`, why: expect.stringContaining('grant temporary') },
      ])
    } finally {
      await client.query(`grant temporary on database ${db.name} to public; drop role reader_${process.pid}`)
    }
  })
})
