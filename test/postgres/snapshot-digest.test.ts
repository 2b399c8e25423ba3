import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import { readColumns } from '#core/snapshot/columns.ts'
import { rowDigest } from '#core/snapshot/row-digest.ts'
import { isDigestOfStream, TupleDigest } from '#core/snapshot/tuple-digest.ts'
import { sql } from '#core/sql/tag.ts'
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

  describe('of a COPY stream', () => {
    /** Chunks of that size, as another network would cut them. */
    async function* cut(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
      for await (const chunk of body)
        for (let at = 0; at < chunk.length; at += size) yield Uint8Array.from(chunk.subarray(at, at + size))
    }

    const TABLES = {
      'of every built-in kind': `create table public.t (a smallint, b bigint, c numeric, d double precision, e boolean, f text,
          g bytea, h uuid, i date, j timestamptz, k interval, l jsonb, m integer[], n int4range, o inet, p "char", q bit varying, r xml, s tsvector);
        insert into public.t values (-1, 9e18, 'NaN', '-Infinity', true, E'\\\\N\\t\\n', '\\xffff', '11111111-1111-1111-1111-111111111111', '-infinity',
          'infinity', '1 mon -2 days', '{"a": null}', '{{1,2},{3,null}}', 'empty', '::1/64', 'x', b'101', '<a/>', 'a:1 b:2');
        insert into public.t (a) values (null), (7)`,
      'of vectors, domains and enums': `create type public.tone as enum ('low', 'high'); create domain public.pin as public.vector(2);
        create table public.t (a public.vector(3), b public.halfvec(2), c public.sparsevec(9), d public.tone, e public.pin, f bit(5));
        insert into public.t values ('[1,-0,3]', '[1,2]', '{1:2}/9', 'high', '[1,2]', b'10101'), (null, null, null, null, null, null)`,
      'larger than any chunk': `create table public.t (a text, b public.vector(16000), c text);
        insert into public.t select repeat(md5(n::text), 40000), array_fill(n::real, array[16000])::public.vector, '' from generate_series(1, 3) n`,
      'that are many and small': `create table public.t (a integer, b text);
        insert into public.t select n, case when n % 3 = 0 then '' end from generate_series(1, 20000) n`,
      'with columns that were dropped': `create table public.t (gone text, a integer, gone_too public.vector(2), b text);
        insert into public.t values ('x', 1, '[1,2]', 'b'); alter table public.t drop column gone, drop column gone_too;
        insert into public.t values (2, null)`,
      'without columns':
        'create table public.t (); insert into public.t default values; insert into public.t default values',
      'that are none': 'create table public.t (a integer, b public.vector(3))',
    }

    test.each(Object.entries(TABLES))('is that of the table: rows %s', async (_, statements) => {
      await postgres({ url: one.url }).session({ applicationName: 'test' }, async (session) => {
        await session.script(`begin; ${statements}`)
        const table = { schema: 'public', name: 't' }
        const columns = await readColumns(session, table)
        expect(isDigestOfStream(columns, 'binary')).toBe(true)
        const there = await rowDigest(session, table)
        for (const size of [1, 3, 4_096, 1_000_000]) {
          if (size < 100 && statements.includes('16000')) continue
          const found = new TupleDigest(columns.length)
          const list = sql.join(columns.map(({ name }) => sql.id(name)))
          const copied = session.copyOut(sql`copy (select ${list} from public.t) to stdout (format binary)`)
          for await (const __ of found.watch(cut(copied, size)));
          expect({ complete: found.isComplete, ...found.result }).toEqual({ complete: true, ...there })
        }
        await session.script('rollback')
      })
    })

    test.each([
      ['lacks its trailer', (whole: Buffer) => whole.subarray(0, -2)],
      ['ends in a row', (whole: Buffer) => whole.subarray(0, -9)],
      ['goes on after its trailer', (whole: Buffer) => Buffer.concat([whole, Buffer.from([0])])],
      [
        'has a row with a column less',
        (whole: Buffer) => {
          const other = Buffer.from(whole)
          other.writeInt16BE(1, 19)
          return other
        },
      ],
      ['has nothing but its header', (whole: Buffer) => whole.subarray(0, 19)],
      ['is empty', () => Buffer.alloc(0)],
    ])('is not complete when the stream %s', async (_, change) => {
      const whole = await postgres({ url: one.url }).session({ applicationName: 'test' }, async (session) => {
        const chunks: Uint8Array[] = []
        const body = session.copyOut(sql`copy (select id, far from public.things) to stdout (format binary)`)
        for await (const chunk of body) chunks.push(Uint8Array.from(chunk))
        return Buffer.concat(chunks)
      })
      const intact = new TupleDigest(2)
      for await (const __ of intact.watch(cut([whole] as never, 5)));
      expect(intact.isComplete).toBe(true)
      const found = new TupleDigest(2)
      for await (const __ of found.watch(cut([change(whole)] as never, 5)));
      expect(found.isComplete).toBe(false)
    })

    test('is not asked of a table with a generated column, or of one that is copied as text', async () => {
      await postgres({ url: one.url }).session({ applicationName: 'test' }, async (session) => {
        expect(isDigestOfStream(await readColumns(session, TABLE), 'text')).toBe(false)
        await session.script('create table public.sums (a integer, b integer generated always as (a + 1) stored)')
        const columns = await readColumns(session, { schema: 'public', name: 'sums' })
        expect(isDigestOfStream(columns, 'binary')).toBe(false)
      })
    })
  })
})
