import type { Measurement } from '#core/baseline/document.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { requireRowsVisible } from '#core/snapshot/rows-visible.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

type Sizes = Measurement['tables']

const names = (tables: readonly Table[]): Sql =>
  sql`unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[])`

/** With its TOAST; of a partitioned table, that of its partitions. */
const tableSizes = (tables: readonly Table[]): Sql => sql`
  select n.nspname as schema, c.relname as name,
    coalesce((select sum(pg_catalog.pg_table_size(p.relid)) from pg_catalog.pg_partition_tree(c.oid) p),
      pg_catalog.pg_table_size(c.oid))::float8 as bytes
  from ${names(tables)} t (schema, name)
  join pg_catalog.pg_namespace n on n.nspname = t.schema
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.name and c.relkind in ('r', 'p')
  order by 1, 2`

const indexSizes = (tables: readonly Table[]): Sql => sql`
  select n.nspname as schema, c.relname as table, i.relname as name,
    coalesce((select sum(pg_catalog.pg_relation_size(p.relid)) from pg_catalog.pg_partition_tree(i.oid) p),
      pg_catalog.pg_relation_size(i.oid))::float8 as bytes
  from ${names(tables)} t (schema, name)
  join pg_catalog.pg_namespace n on n.nspname = t.schema
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.name
  join pg_catalog.pg_index x on x.indrelid = c.oid
  join pg_catalog.pg_class i on i.oid = x.indexrelid
  order by 1, 2, 3`

const rowsOf = (table: Table): Sql => sql`select count(*)::float8 as rows from ${sql.id(table.schema, table.name)}`

/** Rows and bytes of those of the tables that are there, and bytes of their indexes. Counts every row. */
export const sizesOf = async (session: Session, tables: readonly Table[]): Promise<Sizes> => {
  await requireRowsVisible(session, tables)
  const { rows: found } = await session.query<{ schema: string; name: string; bytes: number }>(tableSizes(tables))
  const { rows: indexes } = await session.query<{ schema: string; table: string; name: string; bytes: number }>(
    indexSizes(tables),
  )
  const sizes: Sizes = []
  for (const { schema, name, bytes } of found) {
    const { rows } = await session.query<{ rows: number }>(rowsOf({ schema, name }))
    const own = indexes.filter((index) => index.schema === schema && index.table === name)
    sizes.push({
      ...{ schema, name, bytes, rows: rows[0]?.rows ?? 0 },
      indexes: own.map((index) => ({ schema, name: index.name, bytes: index.bytes })),
    })
  }
  return sizes
}

const SETTINGS = [
  'shared_buffers',
  'effective_cache_size',
  'work_mem',
  'maintenance_work_mem',
  'max_parallel_maintenance_workers',
  'max_connections',
]

/** What decides how much memory there is for queries and index builds. */
export const memorySettings = async (session: Session): Promise<Measurement['settings']> => {
  const { rows } = await session.query<{ name: string; value: string }>(sql`
    select name, pg_catalog.current_setting(name) as value from pg_catalog.unnest(${SETTINGS}::text[]) name order by 1`)
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}
