import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Privileges on the tables, views and functions, their columns and sequences that somebody other than the owner holds. */
export async function readGrantsLeft(
  session: Session,
  oids: readonly number[],
  routines: readonly number[] = [],
): Promise<{ object: string; grantee: string }[]> {
  const { rows } = await session.query<{ object: string; grantee: string } & Row>(sql`
    with objects as (
      select unnest(${oids}::oid[]) as oid
      union
      select d.objid from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
       where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
         and d.refobjid = any(${oids}::oid[]) and d.deptype in ('a', 'i'))
    select distinct c.oid::regclass::text as object,
           case item.grantee when 0 then 'public' else pg_get_userbyid(item.grantee)::text end as grantee
      from objects join pg_class c using (oid)
      cross join lateral (
        select c.relacl as acl union all select a.attacl from pg_attribute a where a.attrelid = c.oid) acls
      cross join lateral aclexplode(acls.acl) item
     where item.grantee <> c.relowner
    union
    select p.oid::regprocedure::text,
           case item.grantee when 0 then 'public' else pg_get_userbyid(item.grantee)::text end
      from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) item
     where p.oid = any(${routines}::oid[]) and item.grantee <> p.proowner
     order by 1, 2`)
  return rows
}
