import { named } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

interface Lacking extends Table, Record<string, unknown> {
  readonly owner: string
}

/**
 * Runs `work` inside the open transaction with a privilege that owners gave up on their own tables: adding a foreign key takes
 * REFERENCES on its parent, validating it SELECT on both sides, whoever owns them. What is missing is lent to the owner, whose
 * privileges the session has, and taken back before anybody else sees it.
 */
export async function lendPrivilege<T>(
  session: Session,
  privilege: 'REFERENCES' | 'SELECT',
  tables: readonly Table[],
  work: () => Promise<T>,
): Promise<T> {
  const { rows } = await session.query<Lacking>(sql`
    select distinct n.nspname::text as schema, c.relname::text as name, pg_get_userbyid(c.relowner)::text as owner
      from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]) wanted(schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
     where not has_table_privilege(c.relowner, c.oid, ${privilege})
     order by 1, 2`)
  for (const table of rows) {
    await session.query(sql`grant ${sql.raw(privilege)} on table ${named(table)} to ${sql.id(table.owner)}`)
  }
  const result = await work()
  for (const table of rows) {
    await session.query(sql`revoke ${sql.raw(privilege)} on table ${named(table)} from ${sql.id(table.owner)}`)
  }
  return result
}
