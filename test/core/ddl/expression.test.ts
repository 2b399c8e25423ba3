import { expect, test } from 'vitest'
import { keepShape } from '#core/ddl/render/expression.ts'

test.each([
  [
    'a list of texts for a column of another type',
    `CHECK (((kind)::text = ANY ((ARRAY['page'::character varying, 'note'::character varying])::text[])))`,
    `CHECK (((kind)::text = ANY ((ARRAY['page'::character varying, 'note'::character varying]::character varying[])::text[])))`,
  ],
  ['a list of numbers', '(n = ANY ((ARRAY[1, 2])::numeric[]))', '(n = ANY ((ARRAY[1, 2]::integer[])::numeric[]))'],
  ['a list with typmods', `(ARRAY[(a)::varchar(3), b])::text[]`, `(ARRAY[(a)::varchar(3), b]::varchar(3)[])::text[]`],
  [
    'a list that is printed without parentheses',
    `a = ANY (ARRAY[b, 'x'::"T"]::text[])`,
    `a = ANY (ARRAY[b, 'x'::"T"]::"T"[]::text[])`,
  ],
  ['arrays of arrays', `(ARRAY[ARRAY['a'::"T"], x])::text[]`, `(ARRAY[ARRAY['a'::"T"], x]::"T"[])::text[]`],
  ['a BETWEEN before AND', '(((a >= 1) AND (a <= 2)) AND b)', '(((a >= 1) AND (a <= 2))::boolean AND b)'],
  ['a NOT BETWEEN before OR', '(((a < 1) OR (a > 2)) OR b)', '(((a < 1) OR (a > 2))::boolean OR b)'],
])('the cast that PostgreSQL needs to read %s as it was', (_, printed, read) => {
  expect(keepShape(printed)).toBe(read)
})

test.each([
  [`(a = ANY (ARRAY['x'::text, 'y'::text]))`],
  [`('{a,b}'::character varying[])::text[]`],
  [`(ARRAY[]::character varying[])::text[]`],
  [`(ARRAY[f(a), b])::text[]`],
  [`ARRAY[a::text COLLATE "C", b::text IS NULL]::varchar[]`],
  ['(a AND ((b >= 1) AND (b <= 2)) AND c)'],
  ['(((a AND b) OR c) AND d)'],
  [`(')) AND (('::text = "a) AND (b")`],
  ['sum(a) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AND b'],
  [`CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $function$select ((a and b) AND c) -- ($function$`],
  ['not balanced ((a AND b) AND c'],
])('what it reads as it was stays: %s', (printed) => {
  expect(keepShape(printed)).toBe(printed)
})
