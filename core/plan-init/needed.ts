import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** An object that others need, by what it is to a fixture. */
export interface NeededObject {
  readonly what: 'schema' | 'extension' | 'table' | 'view' | 'sequence' | 'type' | 'routine' | 'other'
  readonly oid: number
  /** Of a relation. */
  readonly relation: Table | null
  /** Kind and identity, as PostgreSQL gives them. */
  readonly object: string
  /** Of a routine: it needs a relation, or the row type of one. */
  readonly afterTables: boolean
}

/**
 * Everything that the relations and routines need, at any depth, by the server's own record of dependencies: what belongs to
 * an extension stands for the extension. The far side of a foreign key is not needed: whoever wants it asks for it.
 */
export async function findNeeded(
  session: Session,
  { relations, routines }: { readonly relations: readonly number[]; readonly routines: readonly number[] },
): Promise<NeededObject[]> {
  const { rows } = await session.query<NeededObject & Row>(sql`
    with recursive needed as (
      select 'pg_catalog.pg_class'::pg_catalog.regclass::oid as classid, unnest(${relations}::oid[]) as objid
      union select 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, unnest(${routines}::oid[])
      union
      select next.classid, next.objid from needed n cross join lateral (
        select d.refclassid as classid, d.refobjid as objid from pg_catalog.pg_depend d
         where d.classid = n.classid and d.objid = n.objid
        union all
        select d.classid, d.objid from pg_catalog.pg_depend d
         where d.refclassid = n.classid and d.refobjid = n.objid and d.deptype in ('a', 'i')
           and n.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and d.classid in ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
             'pg_catalog.pg_attrdef'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass,
             'pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass,
             'pg_catalog.pg_statistic_ext'::pg_catalog.regclass)
           and not exists (select from pg_catalog.pg_constraint k
             where d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = d.objid and k.contype = 'f')
      ) next
      where not exists (select from pg_catalog.pg_depend e
        where e.classid = n.classid and e.objid = n.objid and e.deptype = 'e'
          and next.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass)),
    own as (
      select * from needed n where not exists (
        select from pg_catalog.pg_depend e where e.classid = n.classid and e.objid = n.objid and e.deptype = 'e'))
    select own.objid as oid, o.type || ' ' || o.identity as object,
           case when c.oid is not null then json_build_object('schema', n.nspname, 'name', c.relname) end as relation,
           case
             when own.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass then 'schema'
             when own.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass then 'extension'
             when c.relkind in ('r', 'p') then 'table'
             when c.relkind in ('v', 'm') then 'view'
             when c.relkind = 'S' then 'sequence'
             when t.typtype in ('e', 'd') then 'type'
             when p.prokind in ('f', 'p', 'w') then 'routine'
             else 'other' end as what,
           p.oid is not null and exists (
             select from pg_catalog.pg_depend d left join pg_catalog.pg_type y
                 on d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and y.oid = d.refobjid
               left join pg_catalog.pg_type element on element.oid = y.typelem
              where d.classid = own.classid and d.objid = own.objid
                and (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass or y.typrelid <> 0 or element.typrelid <> 0)) as "afterTables"
      from own
      cross join lateral pg_catalog.pg_identify_object(own.classid, own.objid, 0) o
      left join pg_catalog.pg_class c on own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and c.oid = own.objid
      left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join pg_catalog.pg_type t on own.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = own.objid
      left join pg_catalog.pg_proc p on own.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = own.objid
     where own.classid not in ('pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_attrdef'::pg_catalog.regclass,
             'pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
             'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass,
             'pg_catalog.pg_language'::pg_catalog.regclass)
       and (c.oid is null or c.relkind in ('r', 'p', 'v', 'm', 'f', 'S'))
       and (c.oid is null or c.relkind <> 'S' or not exists (select from pg_catalog.pg_depend d
         where d.classid = own.classid and d.objid = own.objid and d.refclassid = own.classid and d.deptype in ('a', 'i')))
       -- Arrays and row types come with what they are made of.
       and (t.oid is null or t.typelem = 0 or t.typcategory <> 'A')
       and (t.oid is null or t.typrelid = 0 or exists (select from pg_catalog.pg_class y where y.oid = t.typrelid and y.relkind = 'c'))
       -- Multiranges come with their range; what is in these schemas comes with the server.
       and (t.oid is null or t.typtype <> 'm')
       and coalesce(o.schema, '') not in ('pg_catalog', 'information_schema', 'pg_toast')
       and o.identity not in ('pg_catalog', 'pg_toast', 'information_schema', 'plpgsql')
     order by own.objid, own.classid`)
  return rows
}
