import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { readColumns, type TableColumn } from '#core/snapshot/columns.ts'
import { type PageRange, WHOLE_TABLE, whereInRange } from '#core/snapshot/page-range.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * The content of a set of rows, whatever their order: their number, and two sums modulo 2^64 over the halves of the
 * first 16 bytes of `sha256(record_send(row))`, as 32 hex digits. Digests of disjoint sets add up to the digest of the union.
 */
export interface RowDigest {
  readonly rows: number
  readonly digest: string
}

export const NO_ROWS: RowDigest = { rows: 0, digest: '0'.repeat(32) }

const hex64 = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0')

export const addDigests = (a: RowDigest, b: RowDigest): RowDigest => {
  const half = (from: number, to: number) =>
    hex64(BigInt(`0x${a.digest.slice(from, to)}`) + BigInt(`0x${b.digest.slice(from, to)}`))
  return { rows: a.rows + b.rows, digest: half(0, 16) + half(16, 32) }
}

export const sameDigest = (a: RowDigest, b: RowDigest): boolean => a.rows === b.rows && a.digest === b.digest

/** For people: `12 rows, digest 0123abcd…`. */
export const printDigest = ({ rows, digest }: RowDigest): string => `${rows} rows, digest ${digest.slice(0, 12)}…`

/**
 * A column as the digest reads it. `record_send` writes the OID of every column's type, and OIDs of types that are not
 * built in differ across databases and after `create extension`: of such values only what follows the OID goes in
 * (length and bytes; the first 8 bytes are the number of columns and the OID).
 */
export const digestInput = ({ name, form }: TableColumn): Sql => {
  const column = sql.id('t', name)
  switch (form) {
    case 'as it is':
      return column
    case 'without its OID':
      return sql`substr(record_send(row(${column})), 9)`
    case 'as text':
      return sql`${column}::pg_catalog.text`
  }
}

export const digestStatement = (table: Table, columns: readonly TableColumn[], range: PageRange): Sql =>
  // `offset 0` keeps the planner from computing the hash once for each sum.
  sql`select count(*)::text as rows,
        coalesce(sum(('x' || left(r.h, 16))::bit(64)::bigint), 0)::text as first,
        coalesce(sum(('x' || substr(r.h, 17, 16))::bit(64)::bigint), 0)::text as second
      from (select encode(sha256(record_send(row(${sql.join(columns.map(digestInput))}))), 'hex') as h
            from only ${sql.id(table.schema, table.name)} t ${whereInRange(range)} offset 0) r`

/**
 * Digest of the rows that the current transaction sees: of the whole table, or of a range of its pages. Generated
 * columns are included. Values that go in as text rely on the settings that every session has. About 1 s for 100,000 rows
 * of `vector(1536)`.
 */
export async function rowDigest(session: Session, table: Table, range: PageRange = WHOLE_TABLE): Promise<RowDigest> {
  const columns = await readColumns(session, table)
  const { rows } = await session.query<{ rows: string; first: string; second: string }>(
    digestStatement(table, columns, range),
  )
  const row = rows[0]
  if (row === undefined) return NO_ROWS
  return { rows: Number(row.rows), digest: hex64(BigInt(row.first)) + hex64(BigInt(row.second)) }
}
