import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface Dependent {
  /** Type and qualified identity as `pg_identify_object` gives them: `view public.recent`. */
  readonly object: string
  /** What of the table it depends on. */
  readonly on: string
}

/**
 * Objects outside the tables that depend on them, or on something they own: views, functions, defaults, columns of their row
 * type, policies of other tables. Whatever is not known to belong to a table counts, so that a kind of object that nobody
 * thought of is reported instead of lost. Publications are left to `readPublications`, foreign keys to `readForeignKeys`.
 */
export async function readDependents(session: Session, oids: readonly number[]): Promise<Dependent[]> {
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
           referenced.type || ' ' || referenced.identity as on
      from pg_depend d
      join owned on owned.classid = d.refclassid and owned.objid = d.refobjid
      left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
      cross join pg_identify_object(d.classid, d.objid, d.objsubid) object
      cross join pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) referenced
      left join lateral (select * from pg_identify_object('pg_class'::regclass, r.ev_class, 0) where r.rulename = '_RETURN') view on true
     where not exists (select from belonging b where b.classid = d.classid and b.objid = d.objid)
       and d.classid not in ('pg_publication_rel'::regclass)
     order by 1, 2`)
  return rows
}
