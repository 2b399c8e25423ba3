import type { MembershipDefinition } from '#core/ddl/dependents/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Membership = Omit<MembershipDefinition, 'kind'>

/** By which publications the tables are carried by name; those that carry all tables, or all of a schema, have no such thing. */
export async function readMemberships(session: Session, tables: readonly number[]): Promise<MembershipDefinition[]> {
  const { rows } = await session.query<Membership & Row>(sql`
    select 'publication ' || quote_ident(p.pubname) as object,
           p.pubname::text as publication,
           pg_get_userbyid(p.pubowner)::text as owner,
           json_build_object('schema', n.nspname, 'name', c.relname) as table,
           (select json_agg(a.attname order by k.place) from unnest(r.prattrs) with ordinality k(attnum, place)
              join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum) as columns,
           pg_get_expr(r.prqual, r.prrelid) as filter
      from pg_publication_rel r
      join pg_publication p on p.oid = r.prpubid
      join pg_class c on c.oid = r.prrelid
      join pg_namespace n on n.oid = c.relnamespace
     where r.prrelid = any(${tables}::oid[])
     order by p.pubname collate "C", n.nspname collate "C", c.relname collate "C"`)
  return rows.map((row) => ({ kind: 'publication', ...row }))
}

/** Superusers' publications, which nobody else may alter: by the name of the object. Empty for a superuser's session. */
export async function readUntouchable(session: Session, tables: readonly number[]): Promise<Untouchable[]> {
  const { rows } = await session.query<Untouchable & Row>(sql`
    select distinct 'publication ' || quote_ident(p.pubname) as object, p.pubname::text as publication,
           owner.rolname::text as owner, pg_get_userbyid(c.relowner)::text as "tableOwner"
      from pg_publication_rel r
      join pg_publication p on p.oid = r.prpubid
      join pg_class c on c.oid = r.prrelid
      join pg_roles owner on owner.oid = p.pubowner
      join pg_roles me on me.rolname = current_user
     where r.prrelid = any(${tables}::oid[]) and owner.rolsuper and not me.rolsuper
     order by 1`)
  return rows
}

export interface Untouchable {
  readonly object: string
  readonly publication: string
  readonly owner: string
  readonly tableOwner: string
}
