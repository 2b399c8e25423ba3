import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { readColumns, type TableColumn } from '#core/snapshot/columns.ts'
import { type PageRange, WHOLE_TABLE, whereInRange } from '#core/snapshot/page-range.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * The content of a set of rows, whatever their order: their number, and two sums modulo 2^64 over the halves of the
 * first 16 bytes of the SHA-256 of each row, as 32 hex digits. Digests of disjoint sets add up to the digest of the union.
 *
 * What is hashed of a row is each column as binary COPY writes it: length in 4 bytes, -1 for NULL, and the bytes of the
 * type's send function. So `TupleDigest` computes the same from a COPY stream.
 */
export interface RowDigest {
  readonly rows: number
  readonly digest: string
}

export const NO_ROWS: RowDigest = { rows: 0, digest: '0'.repeat(32) }

const hex64 = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0')

/** The sums may be signed, and larger than 64 bits. */
export const digestFromSums = (rows: number, first: bigint, second: bigint): RowDigest => ({
  rows,
  digest: hex64(first) + hex64(second),
})

export const addDigests = (a: RowDigest, b: RowDigest): RowDigest => {
  const half = (from: number, to: number) =>
    hex64(BigInt(`0x${a.digest.slice(from, to)}`) + BigInt(`0x${b.digest.slice(from, to)}`))
  return { rows: a.rows + b.rows, digest: half(0, 16) + half(16, 32) }
}

export const sameDigest = (a: RowDigest, b: RowDigest): boolean => a.rows === b.rows && a.digest === b.digest

/** For people: `12 rows, digest 0123abcd…`. */
export const printDigest = ({ rows, digest }: RowDigest): string => `${rows} rows, digest ${digest.slice(0, 12)}…`

/**
 * A column as the digest reads it. `record_send` writes the number of columns and the OID of the type first, in 8 bytes:
 * OIDs of types that are not built in differ across databases and after `create extension`.
 */
export const digestInput = ({ name, form }: TableColumn): Sql => {
  const column = sql.id('t', name)
  return sql`substr(record_send(row(${form === 'as text' ? sql`${column}::pg_catalog.text` : column})), 9)`
}

/** As a tree: from left to right, a wide first column would be copied once for each of the others. */
const concatenated = (inputs: readonly Sql[]): Sql => {
  const [first, second] = inputs
  if (first === undefined) return sql`''::bytea`
  if (second === undefined) return first
  const half = inputs.length >> 1
  return sql`(${concatenated(inputs.slice(0, half))} || ${concatenated(inputs.slice(half))})`
}

export const digestStatement = (table: Table, columns: readonly TableColumn[], range: PageRange): Sql =>
  // `offset 0` keeps the planner from computing the hash once for each sum.
  sql`select count(*)::text as rows,
        coalesce(sum(('x' || left(r.h, 16))::bit(64)::bigint), 0)::text as first,
        coalesce(sum(('x' || substr(r.h, 17, 16))::bit(64)::bigint), 0)::text as second
      from (select encode(sha256(${concatenated(columns.map(digestInput))}), 'hex') as h
            from only ${sql.id(table.schema, table.name)} t ${whereInRange(range)} offset 0) r`

/**
 * For the rest of the transaction: the server may read a table with several processes. The planner counts the pages of the
 * heap alone, and wide rows lie elsewhere. How many processes is the server's own setting.
 */
const inParallel = (): Sql => sql`
  select set_config('min_parallel_table_scan_size', '0', true), set_config('parallel_setup_cost', '0', true)`

/**
 * Digest of the rows that the current transaction sees: of the whole table, or of a range of its pages. Generated
 * columns are included. Values that go in as text rely on the settings that every session has. About 1 s for 100,000 rows
 * of `vector(1536)`, and for a whole table half of it where a second processor is free.
 */
export async function rowDigest(session: Session, table: Table, range: PageRange = WHOLE_TABLE): Promise<RowDigest> {
  const columns = await readColumns(session, table)
  await session.query(inParallel())
  const { rows } = await session.query<{ rows: string; first: string; second: string }>(
    digestStatement(table, columns, range),
  )
  const row = rows[0]
  if (row === undefined) return NO_ROWS
  return digestFromSums(Number(row.rows), BigInt(row.first), BigInt(row.second))
}
