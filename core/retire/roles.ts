import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** The roles that a retirement touches. */
export interface Roles {
  /** Owners of the tables, of their statistics, and of the tables at the far ends of their foreign keys. */
  readonly owners: readonly string[]
  /** Roles that granted privileges on the tables without owning them: undo has to play them. */
  readonly grantors: readonly string[]
}

/** Whom the session's role has to stand in for. Needs no privilege on the tables. */
export async function readRoles(session: Session, tables: readonly Table[]): Promise<Roles> {
  const { rows } = await session.query<Roles & Row>(sql`
    with tables as (
      select c.oid, c.relowner
        from unnest(${tables.map((table) => table.schema)}::text[], ${tables.map((table) => table.name)}::text[]) wanted(schema, name)
        join pg_namespace n on n.nspname = wanted.schema
        join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name),
    owners as (
      select relowner as oid from tables
      union select c.relowner from pg_constraint con join pg_class c on c.oid in (con.conrelid, con.confrelid)
             where con.contype = 'f' and exists (select from tables t where t.oid in (con.conrelid, con.confrelid))
      union select s.stxowner from pg_statistic_ext s join tables t on t.oid = s.stxrelid),
    acls as (
      select c.relacl as acl from pg_class c join tables using (oid)
      union all select a.attacl from pg_attribute a join tables t on t.oid = a.attrelid
      union all select c.relacl from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
             join tables t on t.oid = d.refobjid
             where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
    select (select coalesce(json_agg(distinct pg_get_userbyid(oid)::text), '[]') from owners) as owners,
           (select coalesce(json_agg(distinct pg_get_userbyid(item.grantor)::text), '[]')
              from acls cross join lateral aclexplode(acls.acl) item
             where item.grantor not in (select oid from owners)) as grantors`)
  return rows[0] ?? { owners: [], grantors: [] }
}

/** The same for tables that were retired: their former owners and grantors are in the definitions only. */
export const mergeRoles = (a: Roles, b: Roles): Roles => {
  const owners = [...new Set([...a.owners, ...b.owners])]
  return {
    owners,
    grantors: [...new Set([...a.grantors, ...b.grantors])].filter((role) => !owners.includes(role)),
  }
}
