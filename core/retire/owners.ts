import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface OwnerStanding extends Table {
  readonly owner: string
  /** May own tables in the schema: without it nobody but a superuser can make it the owner again. */
  readonly mayCreate: boolean
  /** Has a privilege that LOCK TABLE asks for: it does not look at the owner as such. */
  readonly mayLock: boolean
}

/** Owners of tables, and what they may do; to a superuser's session neither matters. */
export async function readOwners(session: Session, tables: readonly Table[]): Promise<OwnerStanding[]> {
  const { rows } = await session.query<OwnerStanding & Row>(sql`
    select n.nspname::text as schema, c.relname::text as name, pg_get_userbyid(c.relowner)::text as owner,
           me.rolsuper or has_schema_privilege(c.relowner, n.oid, 'CREATE') as "mayCreate",
           me.rolsuper or has_table_privilege(c.relowner, c.oid, 'UPDATE, DELETE, TRUNCATE') as "mayLock"
      from unnest(${tables.map((table) => table.schema)}::text[], ${tables.map((table) => table.name)}::text[]) wanted(schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
      join pg_roles me on me.rolname = current_user
     order by 1, 2`)
  return rows
}
