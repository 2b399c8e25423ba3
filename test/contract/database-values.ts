import { expect, test } from 'vitest'
import type { Row } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** What every adapter gives for a type, and takes as a parameter. `one` runs a statement and resolves to its row. */
export const values = (one: (statement: Sql) => Promise<Row | undefined>): void => {
  test('gives whole numbers beyond 2^53 and numerics as text, the smaller ones as numbers', async () => {
    const row =
      await one(sql`select 9007199254740993::int8 as big, 1.10::numeric as exact, 7 as int, 0.5::float8 as real,
      count(*) from pg_catalog.pg_class where false`)
    expect(row).toEqual({ big: '9007199254740993', exact: '1.10', int: 7, real: 0.5, count: '0' })
  })

  test('gives times in ISO 8601 with every digit', async () => {
    const row = await one(sql`select '2026-01-02 03:04:05.678901+02'::timestamptz as at,
      '2026-01-02 03:04:05'::timestamp as local, 'infinity'::timestamptz as never, '2026-01-02'::date as day`)
    expect(row).toEqual({
      at: '2026-01-02T01:04:05.678901Z',
      local: '2026-01-02T03:04:05',
      never: 'infinity',
      day: '2026-01-02',
    })
  })

  test('gives json parsed, bytes as bytes, arrays as arrays, anything else as text', async () => {
    const row =
      await one(sql`select '{"a":[1]}'::jsonb as json, '\\x00ff'::bytea as bytes, '{1,null,3}'::int4[] as ints,
      array['a"b', 'c,d', null, 'null'] as texts, array[[1,2],[3,4]]::int8[] as nested, '[1,2]'::public.vector as vector,
      'pg_catalog.pg_class'::regclass as class, true as yes, null as none, '{}'::text[] as empty`)
    expect(row).toEqual({
      json: { a: [1] },
      bytes: Uint8Array.of(0, 255),
      ints: [1, null, 3],
      texts: ['a"b', 'c,d', null, 'null'],
      nested: [
        ['1', '2'],
        ['3', '4'],
      ],
      vector: '[1,2]',
      class: 'pg_class',
      yes: true,
      none: null,
      empty: [],
    })
  })

  test('takes parameters of every kind', async () => {
    const row =
      await one(sql`select ${'it\'s "x"\\'} || '' as text, ${[1, 2]}::int4[] as ints, ${['a"b\\', null]}::text[] as texts,
      ${{ a: 1 }}::jsonb as json, ${Uint8Array.of(1, 2)}::bytea as bytes, ${new Date(0)}::timestamptz as at,
      ${10n ** 15n}::int8 as big, ${true}::bool as yes, ${null}::text as none`)
    expect(row).toEqual({
      text: 'it\'s "x"\\',
      ints: [1, 2],
      texts: ['a"b\\', null],
      json: { a: 1 },
      bytes: Uint8Array.of(1, 2),
      at: '1970-01-01T00:00:00Z',
      big: '1000000000000000',
      yes: true,
      none: null,
    })
  })
}
