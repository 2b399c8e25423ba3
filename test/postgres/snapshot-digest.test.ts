import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { rowDigest } from '#core/snapshot/row-digest.ts'
import { createDatabase, describePostgres, type TestDatabase } from '#test/support/database.ts'

const TABLE = { schema: 'public', name: 'things' }

const COLUMNS = `id integer, mood public.mood, moods public.mood[], at timestamptz, far double precision,
  embedding public.vector(3), half public.halfvec(2), many public.vector[], code public.code, pair public.pair, span public.moodspan`
const create = `create type public.mood as enum ('low', 'high'); create domain public.code as public.vector(2);
  create type public.pair as (a integer, b public.mood); create type public.moodspan as range (subtype = integer);
  create table public.things (${COLUMNS});`
const fill = (order: string) => `insert into public.things
  select n, case n % 2 when 0 then 'low'::public.mood end, array['high', null]::public.mood[], timestamptz 'epoch' + n * interval '1 h', n / 3.0,
    array[n, 0, 1]::real[]::public.vector, null, array['[1,2]'::public.vector], array[n, 1]::real[]::public.vector,
    row(n, 'low')::public.pair, public.moodspan(n, n + 1) from generate_series(1, 20) n order by n ${order}`

describePostgres('the digest of rows', () => {
  let one: TestDatabase
  let other: TestDatabase
  beforeAll(async () => {
    ;[one, other] = await Promise.all([createDatabase(), createDatabase()])
    await script(one.url, create, fill('asc'))
  })
  afterAll(() => Promise.all([one.drop(), other.drop()]))

  const script = (url: string, ...statements: string[]) =>
    postgres({ url }).session({ applicationName: 'test' }, async (session) => {
      for (const statement of statements) await session.script(statement)
      return rowDigest(session, TABLE)
    })

  test('is the same in another database, where types have other OIDs and rows lie in another order', async () => {
    // A dropped column and other types before them: OIDs and attribute numbers differ.
    const there = await script(
      other.url,
      'create type public.padding as enum (); create type public.padding2 as enum ()',
      create.replace('id integer', 'gone integer, id integer'),
      'alter table public.things drop column gone',
      fill('desc'),
    )
    expect(there.rows).toBe(20)
    expect(there).toEqual(await script(one.url))
  })

  test.each([
    ['a value', 'update public.things set far = 1 where id = 7'],
    ['NULL for an empty value', `update public.things set moods = '{}' where id = 7`],
    ['two rows with a value swapped', 'update public.things set far = (22 - id) / 3.0 where id in (10, 12)'],
    [
      'a row twice and another one gone',
      `update public.things set (id, mood, moods, at, far, embedding, many, code, pair, span) =
        (select id, mood, moods, at, far, embedding, many, code, pair, span from public.things where id = 3) where id = 5`,
    ],
    ['a row more', 'insert into public.things (id) values (null)'],
    ['the zero in a vector turned negative', `update public.things set embedding = '[7,-0,1]' where id = 7`],
  ])('sees %s', async (_, change) => {
    await postgres({ url: one.url }).session({ applicationName: 'test' }, async (session) => {
      const before = await rowDigest(session, TABLE)
      await session.script(`begin; ${change}`)
      expect(await rowDigest(session, TABLE)).not.toEqual(before)
      await session.script('rollback')
      expect(await rowDigest(session, TABLE)).toEqual(before)
    })
  })
})
