import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'
import type { TableSize } from './model.ts'

const sizes = (tables: readonly Table[]) => sql`
  select n.nspname as schema, c.relname as name, pg_catalog.pg_total_relation_size(c.oid)::float8 as bytes,
    case when c.reltuples >= 0 then c.reltuples::float8 end as rows
  from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[])
    with ordinality as wanted (schema, name, place)
  join pg_catalog.pg_namespace n on n.nspname = wanted.schema
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
  order by wanted.place`

/** Those of the tables that are there. Rows as the server estimates them: counting would read tables that are in service. */
export const readSizes = async (session: Session, tables: readonly Table[]): Promise<TableSize[]> => {
  const { rows } = await session.query<Omit<TableSize, 'counted'> & Record<string, unknown>>(sizes(tables))
  return rows.map((row) => ({ ...row, counted: false }))
}

/** query_canceled by the timeout, insufficient_privilege. */
const CANNOT_COUNT = ['57014', '42501']

const countRows = async (session: Session, { schema, name }: Table): Promise<number | null> => {
  try {
    return await session.transaction(
      async () => {
        await session.query(sql`set local statement_timeout = '10s'`)
        await session.query(sql`set local role ${sql.id(RETIRED_ROLE)}`)
        const { rows } = await session.query<{ rows: number }>(
          sql`select pg_catalog.count(*)::float8 as rows from only ${sql.id(schema, name)}`,
        )
        return rows[0]?.rows ?? null
      },
      { readOnly: true },
    )
  } catch (error) {
    if (CANNOT_COUNT.includes(sqlState(error) ?? '')) return null
    throw error
  }
}

/** The same for tables that lie retired, which nobody uses: counted, where that takes seconds. */
export const countRetired = async (session: Session, tables: readonly Table[]): Promise<TableSize[]> => {
  const counted: TableSize[] = []
  for (const size of await readSizes(session, tables)) {
    const rows = await countRows(session, size)
    counted.push(rows === null ? size : { ...size, rows, counted: true })
  }
  return counted
}
