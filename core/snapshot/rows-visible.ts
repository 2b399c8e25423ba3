import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Throws `Snapshot.RowsHidden` where row security keeps rows of the tables from the session's role. */
export async function requireRowsVisible(session: Session, tables: readonly Table[]): Promise<void> {
  const { rows } = await session.query<{ schema: string; name: string; role: string }>(sql`
    select n.nspname as schema, c.relname as name, current_user::text as role
    from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]) t (schema, name)
    join pg_catalog.pg_namespace n on n.nspname = t.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.name
    where pg_catalog.row_security_active(c.oid) order by 1, 2`)
  if (rows[0] === undefined) return
  throw new RollbackError(
    'Snapshot.RowsHidden',
    `Row security hides rows from role "${rows[0].role}": ${rows.map((table) => `"${printTable(table)}"`).join(', ')}.`,
    {
      fix: 'A part of the rows is no snapshot. Connect as the owner of the tables; where the owner is forced too, as a role with BYPASSRLS.',
      category: 'refused',
    },
  )
}
