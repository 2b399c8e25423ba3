import type { Row, Session } from '#core/ports.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { sql } from '#core/sql/tag.ts'

export interface Dependent {
  /** Type and qualified identity as `pg_identify_object` gives them: `view public.recent`. */
  readonly object: string
  /** What of the table it depends on. */
  readonly on: string
  /** Of a view, materialized view, function or procedure; `null`: another kind, which nobody can capture. */
  readonly kind: DependentKind | null
  /** 0 where `kind` is null. */
  readonly oid: number
  readonly owner: string | null
  readonly schema: string | null
  /** Why it cannot be captured, or may not be touched, in spite of its kind. */
  readonly obstacle: string | null
  /** Runs with its owner's rights, and nothing keeps that owner from rows: left in place, it would go on giving them out. */
  readonly leaks: boolean
  /** Its owner may create in its schema, so that it can be the owner again after a move. */
  readonly mayCreate: boolean
}

export type DependentKind = 'view' | 'materialized view' | 'function' | 'procedure'

/**
 * Objects outside the tables that depend on them, or on something they own: views, functions, defaults, columns of their row
 * type, policies of other tables. Whatever is not known to belong to a table counts, so that a kind of object that nobody
 * thought of is reported instead of lost. Publications are left to `readReplication`, foreign keys to `readForeignKeys`.
 * Asked for views and functions as well as for tables, it finds what depends on those.
 */
export async function readDependents(
  session: Session,
  oids: readonly number[],
  functions: readonly number[] = [],
): Promise<Dependent[]> {
  const { rows } = await session.query<Dependent & Row>(sql`
    with tables as (select unnest(${oids}::oid[]) as oid),
    owned as (
      select 'pg_class'::regclass as classid, oid as objid from tables
      union select 'pg_class'::regclass, i.indexrelid from pg_index i join tables on tables.oid = i.indrelid
      union select 'pg_class'::regclass, d.objid from pg_depend d join tables on tables.oid = d.refobjid
             join pg_class c on c.oid = d.objid and c.relkind = 'S'
             where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
      union select 'pg_type'::regclass, t.oid from pg_type t join tables on tables.oid = t.typrelid
      union select 'pg_type'::regclass, t.typarray from pg_type t join tables on tables.oid = t.typrelid
      union select 'pg_constraint'::regclass, c.oid from pg_constraint c join tables on tables.oid in (c.conrelid, c.confrelid)
      union select 'pg_proc'::regclass, unnest(${functions}::oid[])
    ),
    belonging as (
      select * from owned
      union select 'pg_class'::regclass, c.reltoastrelid from pg_class c join tables using (oid) where c.reltoastrelid <> 0
      union select 'pg_attrdef'::regclass, d.oid from pg_attrdef d join tables on tables.oid = d.adrelid
      union select 'pg_trigger'::regclass, t.oid from pg_trigger t join tables on tables.oid = t.tgrelid
      union select 'pg_trigger'::regclass, t.oid from pg_trigger t
             join owned on owned.classid = 'pg_constraint'::regclass and owned.objid = t.tgconstraint where t.tgisinternal
      union select 'pg_rewrite'::regclass, r.oid from pg_rewrite r join tables on tables.oid = r.ev_class
      union select 'pg_policy'::regclass, p.oid from pg_policy p join tables on tables.oid = p.polrelid
      union select 'pg_statistic_ext'::regclass, s.oid from pg_statistic_ext s join tables on tables.oid = s.stxrelid
    )
    select distinct coalesce(view.type || ' ' || view.identity, object.type || ' ' || object.identity) as object,
           referenced.type || ' ' || referenced.identity as on,
           coalesce(c.kind, p.kind) as kind,
           coalesce(c.oid, p.oid, 0) as oid,
           owner.rolname::text as owner,
           n.nspname::text as schema,
           case when coalesce(c.temporary, false) then 'it is temporary'
             when exists (select from pg_depend e where e.classid = own.class and e.objid = own.oid and e.deptype = 'e')
               then 'it belongs to an extension'
             when exists (select from pg_depend e where e.classid = own.class and e.objid = own.oid and e.deptype = 'x')
               then 'it is marked as depending on an extension'
             when exists (select from pg_seclabel l where l.classoid = own.class and l.objoid = own.oid)
               then 'it has security labels'
             when owner.rolsuper and not me.rolsuper then 'it belongs to a superuser' end as obstacle,
           coalesce(c.kind = 'materialized view' or (c.kind = 'view' or p.definer) and (owner.rolsuper
             or pg_has_role(owner.oid, 'pg_read_all_data', 'USAGE') or pg_has_role(owner.oid, retired.oid, 'USAGE')), false) as leaks,
           coalesce(me.rolsuper or has_schema_privilege(owner.oid, n.oid, 'CREATE'), true) as "mayCreate"
      from pg_depend d
      join owned on owned.classid = d.refclassid and owned.objid = d.refobjid
      join pg_roles me on me.rolname = current_user
      left join pg_roles retired on retired.rolname = ${RETIRED_ROLE}
      left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
      cross join pg_identify_object(d.classid, d.objid, d.objsubid) object
      cross join pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) referenced
      left join lateral (select * from pg_identify_object('pg_class'::regclass, r.ev_class, 0) where r.rulename = '_RETURN') view on true
      left join lateral (
        select oid, relowner as owner, relnamespace as namespace, relpersistence = 't' as temporary,
               case relkind when 'v' then 'view' when 'm' then 'materialized view' end as kind
          from pg_class where oid = r.ev_class and r.rulename = '_RETURN') c on true
      left join lateral (
        select oid, proowner as owner, pronamespace as namespace, prosecdef as definer,
               case prokind when 'p' then 'procedure' else 'function' end as kind
          from pg_proc where oid = d.objid and d.classid = 'pg_proc'::regclass and prokind in ('f', 'p', 'w')) p on true
      cross join lateral (select coalesce(c.oid, p.oid) as oid,
        case when c.oid is not null then 'pg_class'::regclass else 'pg_proc'::regclass end as class) own
      left join pg_roles owner on owner.oid = coalesce(c.owner, p.owner)
      left join pg_namespace n on n.oid = coalesce(c.namespace, p.namespace)
     where not exists (select from belonging b where b.classid = d.classid and b.objid = d.objid)
       and d.classid not in ('pg_publication_rel'::regclass)
     order by 1, 2`)
  return rows
}
