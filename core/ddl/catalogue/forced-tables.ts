import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface ForcedTable extends Table {
  /** A policy of that name is there. */
  readonly marked: boolean
  /** Row security keeps rows from the session's role. */
  readonly active: boolean
  /** A policy for the session's role alone would show it every row: it is not the owner, and no restrictive policy applies. */
  readonly openable: boolean
}

/** What row security does to the session's role on these tables, of which it has the owners' privileges. */
export async function readForcedTables(
  session: Session,
  tables: readonly Table[],
  policy: string,
): Promise<ForcedTable[]> {
  const { rows } = await session.query<ForcedTable & Row>(sql`
    select distinct n.nspname::text as schema, c.relname::text as name,
           exists (select from pg_policy p where p.polrelid = c.oid and p.polname = ${policy}) as marked,
           row_security_active(c.oid) as active,
           pg_get_userbyid(c.relowner) <> current_user and not exists (
             select from pg_policy p cross join unnest(p.polroles) role(oid)
              where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('*', 'r')
                and (role.oid = 0 or pg_has_role(role.oid, 'USAGE'))) as openable
      from unnest(${tables.map((table) => table.schema)}::text[], ${tables.map((table) => table.name)}::text[]) wanted(schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
     where c.relforcerowsecurity
     order by 1, 2`)
  return rows
}
