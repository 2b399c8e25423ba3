import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { takeYourTime } from '#core/restore/notes.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { readColumns, type TableColumn } from '#core/snapshot/columns.ts'
import { readRetired } from '#core/snapshot/read-retired.ts'
import { digestInput } from '#core/snapshot/row-digest.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * Rows of a retired table, and how many of them a loaded side table does not have. Rows are compared by their digests, so
 * that any type will do; equal rows count as often as they are there. Where the columns differ no row is the same.
 */
export async function countRowsNotIn(
  session: Session,
  retired: Table,
  side: Table,
): Promise<{ rows: number; written: number }> {
  const columns = await readColumns(session, side)
  const found = new Map((await readColumns(session, retired)).map((column) => [column.name, column]))
  const alike =
    found.size === columns.length &&
    columns.every(({ name, type, form }) => found.get(name)?.type === type && found.get(name)?.form === form)
  return session.transaction(async () => {
    await takeYourTime(session)
    // No role may read both. What is granted here is taken back before anybody can see it.
    await session.query(sql`savepoint before_reading`)
    await session.query(sql`grant usage on schema ${sql.id(side.schema)} to ${sql.id(RETIRED_ROLE)}`)
    await session.query(sql`grant select on ${sql.id(side.schema, side.name)} to ${sql.id(RETIRED_ROLE)}`)
    await readRetired(session)
    const { rows } = await session.query<{ rows: string; written: string }>(
      alike ? missingRows(retired, side, columns) : allRows(retired),
    )
    await session.query(sql`rollback to savepoint before_reading`)
    return { rows: Number(rows[0]?.rows), written: Number(rows[0]?.written) }
  })
}

const allRows = ({ schema, name }: Table): Sql =>
  sql`select count(*)::text as rows, count(*)::text as written from only ${sql.id(schema, name)}`

/** Columns in one order for both: that of a table whose columns were dropped and added again is another. */
const hashes = ({ schema, name }: Table, columns: readonly TableColumn[]): Sql => sql`
  select h, count(*) as n from (
    select sha256(record_send(row(${sql.join(columns.map(digestInput))}))) as h
      from only ${sql.id(schema, name)} t offset 0) r group by h`

const missingRows = (retired: Table, side: Table, columns: readonly TableColumn[]): Sql => sql`
  with was as (${hashes(retired, columns)}), held as (${hashes(side, columns)})
  select coalesce(sum(was.n), 0)::text as rows,
         coalesce(sum(greatest(was.n - coalesce(held.n, 0), 0)), 0)::text as written
    from was left join held using (h)`
