import type { DependentKind } from '#core/ddl/catalogue/dependents.ts'
import type { UsedObject } from '#core/ddl/dependents/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** One of the views and functions uses another of them, or the tables; by their keys. */
export interface Edge {
  readonly of: string
  readonly on: string | typeof TABLES
}

/** The key of all the tables together. */
export const TABLES = 'the tables'

/** An oid alone is unique within its catalogue only. */
export const keyOf = ({ kind, oid }: { kind: DependentKind; oid: number }): string =>
  kind === 'view' || kind === 'materialized view' ? `relation ${oid}` : `routine ${oid}`

interface UseRow {
  readonly of: string
  readonly on: string | null
  readonly kind: UsedObject['kind']
  readonly identity: string
  readonly extension: string | null
}

/** OIDs below this are PostgreSQL's own (`FirstNormalObjectId`). */
const FIRST_NORMAL_OID = 16_384

/**
 * What views (with their rules, triggers, defaults, indexes) and functions use: each other, and objects outside that are neither
 * PostgreSQL's own nor part of the tables.
 */
export async function readUses(
  session: Session,
  tables: readonly number[],
  views: readonly number[],
  functions: readonly number[],
): Promise<{ edges: Edge[]; uses: (UsedObject & { of: string })[] }> {
  const { rows } = await session.query<UseRow & Row>(sql`
    with views as (select oid, 'relation ' || oid as key from unnest(${views}::oid[]) oid),
    members as (
      select 'pg_class'::regclass as class, oid, key as root from views
      union all select 'pg_proc'::regclass, f, 'routine ' || f from unnest(${functions}::oid[]) f
      union all select 'pg_rewrite'::regclass, r.oid, views.key from pg_rewrite r join views on views.oid = r.ev_class
      union all select 'pg_trigger'::regclass, t.oid, views.key from pg_trigger t join views on views.oid = t.tgrelid
      union all select 'pg_attrdef'::regclass, a.oid, views.key from pg_attrdef a join views on views.oid = a.adrelid
      union all select 'pg_class'::regclass, i.indexrelid, views.key from pg_index i join views on views.oid = i.indrelid
      union all select 'pg_type'::regclass, t.oid, views.key from pg_type t join views on views.oid = t.typrelid
      union all select 'pg_type'::regclass, t.typarray, views.key from pg_type t join views on views.oid = t.typrelid
    ),
    own as (
      select 'pg_class'::regclass as class, oid from unnest(${tables}::oid[]) oid
      union all select 'pg_class'::regclass, d.objid from pg_depend d
        where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = any(${tables}::oid[])
          and d.deptype in ('a', 'i')
      union all select 'pg_type'::regclass, t.oid from pg_type t where t.typrelid = any(${tables}::oid[])
      union all select 'pg_type'::regclass, t.typarray from pg_type t where t.typrelid = any(${tables}::oid[])
    )
    select distinct m.root as of, coalesce(other.root, case when own.oid is not null then ${TABLES} end) as on,
           case d.refclassid when 'pg_class'::regclass then 'relation' when 'pg_proc'::regclass then 'function' else 'type' end as kind,
           used.identity,
           (select e.extname::text from pg_depend x join pg_extension e on e.oid = x.refobjid
             where x.classid = d.refclassid and x.objid = d.refobjid and x.refclassid = 'pg_extension'::regclass
               and x.deptype = 'e') as extension
      from members m
      join pg_depend d on d.classid = m.class and d.objid = m.oid
      left join members other on other.class = d.refclassid and other.oid = d.refobjid
      left join own on own.class = d.refclassid and own.oid = d.refobjid
      cross join pg_identify_object(d.refclassid, d.refobjid, 0) used
     where d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
       and d.refobjid >= ${FIRST_NORMAL_OID} and other.root is distinct from m.root
     order by 1, 4`)
  return {
    edges: rows.flatMap(({ of, on }) => (on === null ? [] : [{ of, on }])),
    uses: rows
      .filter(({ on }) => on === null)
      .map(({ of, kind, identity, extension }) => ({ of, kind, identity, extension })),
  }
}
