import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface Peculiarity {
  readonly object: string
  readonly why: string
}

/** What the tables themselves are or have that a `TableDefinition` cannot say. */
export async function readPeculiarities(session: Session, oids: readonly number[]): Promise<Peculiarity[]> {
  const { rows } = await session.query<Peculiarity & Row>(sql`
    with recursive tables as (select c.*, c.oid::regclass::text as printed from pg_class c where c.oid = any(${oids}::oid[])),
    -- The types that a column's values are made of.
    made_of as (
      select a.attrelid, a.attname, a.atttypid as type from pg_attribute a
       where a.attrelid in (select oid from tables) and a.attnum > 0 and not a.attisdropped
      union
      select m.attrelid, m.attname, part.type from made_of m join pg_type t on t.oid = m.type cross join lateral (
        select t.typbasetype as type where t.typtype = 'd' union all
        select t.typelem where t.typcategory = 'A' union all
        select a.atttypid from pg_attribute a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      ) part)
    select 'table ' || printed as object, why from tables cross join lateral (values
      (relispartition and not exists (select from pg_inherits i where i.inhrelid = oid and i.inhparent = any(${oids}::oid[])),
        'is a partition of a table that is not among them'),
      (exists (select from pg_inherits i where i.inhrelid = oid and i.inhdetachpending), 'is being detached from its parent'),
      (relpersistence = 't', 'is a temporary table'),
      (reloftype <> 0, 'is a typed table'),
      (not relispartition and exists (select from pg_inherits i where i.inhrelid = oid and i.inhparent <> all(${oids}::oid[])),
        'inherits from a table that is not among them'),
      (exists (select from pg_inherits i where i.inhparent = oid and i.inhrelid <> all(${oids}::oid[])),
        'has partitions or heirs that are not among them'),
      (exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = oid and d.deptype = 'e'),
        'belongs to an extension'),
      (exists (select from pg_seclabel l where l.classoid = 'pg_class'::regclass and l.objoid = oid), 'has security labels; if allowed, undo keeps them, and a restore after a purge does not give them back')
    ) is_or_has(yes, why) where yes
    union all
    select 'foreign key ' || quote_ident(con.conname) || ' on ' || con.conrelid::regclass,
           'has its internal triggers disabled'
      from pg_constraint con
     where con.contype = 'f' and exists (select from tables where oid in (con.conrelid, con.confrelid))
       and exists (select from pg_trigger t where t.tgconstraint = con.oid and t.tgenabled <> 'O')
    union all
    select 'constraint ' || quote_ident(con.conname) || ' on ' || con.conrelid::regclass,
           'is a NOT NULL that is not validated and has another name than that of its parent'
      from pg_constraint con join pg_inherits i on i.inhrelid = con.conrelid
     where con.conrelid in (select oid from tables) and con.contype = 'n' and not con.convalidated and not con.conislocal
       and not exists (select from pg_constraint p where p.conrelid = i.inhparent and p.contype = 'n' and p.conname = con.conname)
    union all
    select 'column ' || quote_ident(a.attname) || ' of ' || a.attrelid::regclass, 'has the row type of one of the tables'
      from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type element on element.oid = t.typelem
     where a.attrelid in (select oid from tables) and a.attnum > 0
       and (t.typrelid in (select oid from tables) or element.typrelid in (select oid from tables))
    union all
    select distinct 'column ' || quote_ident(m.attname) || ' of ' || m.attrelid::regclass,
           'holds OIDs (' || m.type::regtype || '): what is made anew has another one'
      from made_of m
     where m.type in ('regclass'::regtype, 'regtype'::regtype, 'regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype,
       'regoperator'::regtype)
    union all
    select object.type || ' ' || object.identity, 'is marked as depending on an extension'
      from pg_depend d cross join pg_identify_object(d.classid, d.objid, 0) object
     where d.deptype = 'x' and (
       d.classid = 'pg_class'::regclass and d.objid in (select indexrelid from pg_index where indrelid in (select oid from tables))
       or d.classid = 'pg_trigger'::regclass and d.objid in (select t.oid from pg_trigger t where t.tgrelid in (select oid from tables)))
     order by 1, 2`)
  return rows
}
