import type { PolicyDefinition } from '#core/ddl/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Policies of row level security. Role 0 is PUBLIC. */
export async function readPolicies(
  session: Session,
  oids: readonly number[],
): Promise<(PolicyDefinition & { oid: number })[]> {
  const { rows } = await session.query<PolicyDefinition & { oid: number } & Row>(sql`
    select p.polrelid as oid,
           p.polname::text as name,
           p.polpermissive as permissive,
           case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
             else 'all' end as command,
           (select json_agg(case when role.oid <> 0 then pg_get_userbyid(role.oid) end order by role.place)
              from unnest(p.polroles) with ordinality role(oid, place)) as roles,
           pg_get_expr(p.polqual, p.polrelid) as using,
           pg_get_expr(p.polwithcheck, p.polrelid) as check,
           obj_description(p.oid, 'pg_policy') as comment
      from pg_policy p
     where p.polrelid = any(${oids}::oid[])
     order by p.polrelid, p.polname collate "C"`)
  return rows
}
