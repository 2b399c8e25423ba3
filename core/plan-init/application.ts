import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * The role that the application probably reads the tables as: one that may read all of them, logs in and writes rather than
 * not, and is neither a superuser nor anybody's stand-in for their owner. Where nobody else may, the owner itself.
 */
export async function findApplication(session: Session, tables: readonly number[]): Promise<string | null> {
  const { rows } = await session.query<{ role: string } & Row>(sql`
    with tables as (
      select c.oid, c.relowner, c.relnamespace from pg_catalog.pg_class c where c.oid = any(${tables}::oid[]))
    select r.rolname::text as role
      from pg_catalog.pg_roles r
     where not r.rolsuper and r.rolname !~ '^(pg_|rds|vector_rollback)' and r.rolname ~ '^[A-Za-z_][A-Za-z0-9_$-]{0,62}$'
       and not pg_catalog.pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER')
       and not exists (select from tables t where not pg_catalog.has_table_privilege(r.oid, t.oid, 'SELECT')
         or not pg_catalog.has_schema_privilege(r.oid, t.relnamespace, 'USAGE'))
       and not exists (select from tables t where r.oid <> t.relowner and pg_catalog.pg_has_role(r.oid, t.relowner, 'MEMBER'))
     order by exists (select from tables t where t.relowner = r.oid), not r.rolcanlogin,
       not exists (select from tables t where pg_catalog.has_table_privilege(r.oid, t.oid, 'INSERT')), r.rolname collate "C"
     limit 1`)
  return rows[0]?.role ?? null
}
