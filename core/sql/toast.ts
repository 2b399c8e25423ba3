import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** Storage parameters of a TOAST table that nearly nobody sets; setting or resetting one locks as little as any. */
const RARE = [
  'log_autovacuum_min_duration',
  'autovacuum_multixact_freeze_table_age',
  'autovacuum_multixact_freeze_max_age',
  'autovacuum_multixact_freeze_min_age',
]

/** Of the tables and of what inherits from them: LOCK TABLE takes partitions, too. */
const toastOf = (tables: readonly Table[]): Sql => sql`
  with recursive locked as (
    select c.oid
      from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]) as wanted(schema, name)
      join pg_catalog.pg_namespace n on n.nspname = wanted.schema
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
    union
    select i.inhrelid from locked join pg_catalog.pg_inherits i on i.inhparent = locked.oid)
  select n.nspname as schema, c.relname as name, tn.nspname as toast_schema, t.relname as toast_name,
         (select rare from pg_catalog.unnest(${RARE}::text[]) as rare
           where not exists (select from pg_catalog.unnest(t.reloptions) as o where pg_catalog.starts_with(o, rare || '='))
           limit 1) as rare
    from locked
    join pg_catalog.pg_class c on c.oid = locked.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_class t on t.oid = c.reltoastrelid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
   order by n.nspname, c.relname`

export interface ToastTable {
  readonly toast: Table
  /** Takes SHARE UPDATE EXCLUSIVE on the table and on its TOAST table, and changes nothing. For its owner. */
  readonly lock: Sql
}

/**
 * The TOAST tables, where vectors of more than 500 dimensions lie. Autovacuum works on them by themselves, and whoever
 * drops a table or changes its owner needs them exclusively; yet LOCK TABLE refuses them. Resetting a parameter that is
 * not set is the one statement that locks them, too, and leaves readers and writers alone.
 */
export const findToastTables = async (session: Session, tables: readonly Table[]): Promise<ToastTable[]> => {
  if (tables.length === 0) return []
  const { rows } = await session.query<
    Record<'schema' | 'name' | 'toast_schema' | 'toast_name', string> & { rare: string | null }
  >(toastOf(tables))
  return rows.flatMap(({ schema, name, toast_schema, toast_name, rare }) =>
    rare === null
      ? []
      : [
          {
            toast: { schema: toast_schema, name: toast_name },
            lock: sql`alter table ${sql.id(schema, name)} reset (toast.${sql.raw(rare)})`,
          },
        ],
  )
}
