import type { TableDefinition } from '#core/ddl/definition.ts'
import { named, storageOptions } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/**
 * Options of the TOAST table where only a column that was dropped since needed one: without a TOAST table PostgreSQL passes
 * over them in silence. A column that comes and goes makes it create one; whether it is missing only the server knows.
 */
export function toastOptions({ options }: TableDefinition, table: Table): Sql[] {
  const own = options.filter((option) => option.startsWith('toast.'))
  if (own.length === 0) return []
  const passing = sql`alter table ${named(table)}`
  const body = sql`begin
  if (select reltoastrelid = 0 from pg_catalog.pg_class where oid = ${sql.literal(named(table).text)}::pg_catalog.regclass) then
    ${passing} add column vector_rollback_toast pg_catalog.text;
    ${passing} drop column vector_rollback_toast;
    ${passing} set (${storageOptions(own)});
  end if;
end`
  return [sql`do ${sql.literal(body.text)}`]
}
