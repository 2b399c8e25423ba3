import { type Sql, sql } from '#core/sql/tag.ts'

/** Rows by the plan's SELECT, in a table that only this transaction sees and that goes with it. */
export const takeRows = (select: string): Sql =>
  sql`create temporary table captured on commit drop as\n${sql.raw(select)}`

/** The types of an earlier capture's columns are those of its SELECT: a view has them without running it. */
export const shapeOfEarlier = (select: string): readonly Sql[] => [
  sql`create temporary view earlier_shape as\n${sql.raw(select)}`,
  sql`create temporary table earlier on commit drop as select * from pg_temp.earlier_shape with no data`,
  sql`drop view pg_temp.earlier_shape`,
]

/** `rows`: a JSON array. */
export const insertEarlier = (rows: string): Sql => sql`
  insert into pg_temp.earlier
  select * from pg_catalog.json_populate_recordset(null::pg_temp.earlier, ${rows}::json)`

/** In one line: a newline of JSON stands between its values, never in one. */
const text = sql`pg_catalog.translate(pg_catalog.row_to_json(c)::text, e'\\n\\r', '  ')`

/** Two sums over the halves of each row's SHA-256: the order of the rows does not matter, their number and every value does. */
export const sumsOfCaptured = (): Sql => sql`
  select count(*)::text as rows,
    coalesce(sum(('x' || left(r.h, 16))::bit(64)::bigint), 0)::text as first,
    coalesce(sum(('x' || substr(r.h, 17, 16))::bit(64)::bigint), 0)::text as second
  from (
    select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8')), 'hex') as h
    from pg_temp.captured as c offset 0
  ) as r`

/** In the order of their text, so that the same rows are cut into the same parts. */
export const openCaptured = (): Sql => sql`
  declare captured_rows no scroll cursor for
  select ${text} as row from pg_temp.captured as c order by ${text} collate "C"`

export const nextCaptured = (rows: number): Sql => sql`fetch forward ${sql.raw(String(rows))} from captured_rows`

export const closeCaptured = (): Sql => sql`close captured_rows`
