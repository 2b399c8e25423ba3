import { type DependentDefinition, isRoutine, isView, type RoutineDefinition } from '#core/ddl/dependents/definition.ts'
import { RollbackError } from '#core/errors.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

/** An object of the catalogue, as `pg_identify_object` names it. */
export interface CatalogueObject {
  readonly type: string
  readonly identity: string
}

export interface Coverage {
  /** What goes with the tables, they included: indexes, sequences, constraints, policies and the like. In order. */
  readonly destroys: readonly CatalogueObject[]
  /** What uses any of it and would have to go too, and parts that no definition of a table holds. Must be empty. */
  readonly uncovered: readonly CatalogueObject[]
  readonly extension: { readonly name: string; readonly usedBy: readonly CatalogueObject[] } | null
}

/** Parts of a table that its definition in the manifest brings back. */
const COVERED_CLASSES = [
  'pg_type',
  'pg_attrdef',
  'pg_constraint',
  'pg_trigger',
  'pg_policy',
  'pg_rewrite',
  'pg_statistic_ext',
]

/**
 * Walks pg_depend from the tables (and the extension). What depends on a member automatically or internally, or is a
 * partition or a member of the extension, goes with it; what depends on one normally would stop a drop without cascade.
 */
const walk = (tables: readonly Table[], extension: string | null, routines: readonly RoutineDefinition[]): Sql => sql`
  with recursive roots as (
    select 'pg_catalog.pg_class'::regclass::oid as class, c.oid, true as by_table
    from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]) as t (schema, name)
    join pg_catalog.pg_namespace n on n.nspname = t.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.name
    union all
    select 'pg_catalog.pg_proc'::regclass, p.oid, true
    from unnest(${routines.map(({ routine }) => routine.schema)}::text[], ${routines.map(({ routine }) => routine.name)}::text[],
      ${routines.map((routine) => routine.arguments)}::text[]) as t (schema, name, arguments)
    join pg_catalog.pg_namespace n on n.nspname = t.schema
    join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = t.name
      and pg_catalog.pg_get_function_identity_arguments(p.oid) = t.arguments
    union all
    select 'pg_catalog.pg_extension'::regclass, oid, false from pg_catalog.pg_extension where extname = ${extension}
  ), going as (
    select class, oid, 0 as sub, by_table from roots
    union
    select d.classid, d.objid, case when d.classid = 'pg_catalog.pg_class'::regclass then d.objsubid else 0 end, g.by_table
    from going g join pg_catalog.pg_depend d on d.refclassid = g.class and d.refobjid = g.oid
    where d.deptype in ('a', 'i', 'P', 'S', 'e') and (g.sub = 0 or d.refobjsubid = g.sub)
  ), stopping as (
    select d.classid as class, d.objid as oid, d.objsubid as sub, g.by_table
    from going g join pg_catalog.pg_depend d on d.refclassid = g.class and d.refobjid = g.oid
    where d.deptype in ('n', 'x') and not exists (select from going o
      where o.class = d.classid and o.oid = d.objid and o.sub in (0, d.objsubid))
  ), classified as (
    select class, oid, sub, by_table, case
      when not by_table then 'goes'
      when sub = 0 and class = 'pg_catalog.pg_proc'::regclass and exists (select from roots r where r.class = g.class and r.oid = g.oid)
        then 'goes'
      when class = 'pg_catalog.pg_class'::regclass then case
        when sub > 0 and not exists (select from roots r where r.class = g.class and r.oid = g.oid) then 'uncovered'
        when exists (select from roots r where r.class = g.class and r.oid = g.oid) then 'goes'
        when (select relkind in ('i', 'I', 'S', 't') from pg_catalog.pg_class c where c.oid = g.oid) then 'goes'
        else 'uncovered' end
      when class in (select oid from pg_catalog.pg_class where relnamespace = 'pg_catalog'::regnamespace
        and relname = any(${COVERED_CLASSES}::text[])) then 'goes'
      else 'uncovered' end as kind
    from going g
    union all
    select class, oid, sub, by_table, 'uncovered' from stopping
  )
  select distinct kind, by_table, coalesce(view.type, o.type) as type, coalesce(view.identity, o.identity) as identity
  from classified c
  cross join lateral pg_catalog.pg_identify_object(c.class, c.oid, c.sub) as o
  left join lateral (
    select v.type, v.identity from pg_catalog.pg_rewrite r,
      pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, r.ev_class, 0) as v
    where c.kind = 'uncovered' and c.class = 'pg_catalog.pg_rewrite'::regclass and r.oid = c.oid
  ) as view on true
  order by kind, type, identity`

interface WalkRow extends Record<string, unknown> {
  kind: 'goes' | 'uncovered'
  by_table: boolean
  type: string
  identity: string
}

/** Of a table's parts, those that a person would name. */
const NOTABLE = new Set([
  'table',
  'index',
  'sequence',
  'policy',
  'trigger',
  'rule',
  'table constraint',
  'statistics object',
  'view',
  'materialized view',
  'function',
  'procedure',
])

/**
 * Everything that dropping the tables, and the extension if one is given, would destroy, from the live catalogue.
 * Functions whose body is text do not show what they use: PostgreSQL does not know it either. `dependents` go with the tables.
 */
export async function coverage(
  session: Session,
  tables: readonly Table[],
  extension: string | null,
  dependents: readonly DependentDefinition[] = [],
): Promise<Coverage> {
  const views = dependents.filter(isView).map(({ relation }) => relation.table)
  const { rows } = await session.query<WalkRow>(walk([...tables, ...views], extension, dependents.filter(isRoutine)))
  const named = (kind: WalkRow['kind'], byTable: boolean) =>
    rows
      .filter((row) => row.kind === kind && row.by_table === byTable)
      .map(({ type, identity }) => ({ type, identity }))
  const goes = named('goes', true)
  const installed = named('goes', false).some(({ type }) => type === 'extension')
  const subscriptions = await readSubscriptions(session, tables)
  return {
    destroys: goes.filter(({ type, identity }) => NOTABLE.has(type) && !identity.startsWith('"_RETURN" on ')),
    uncovered: [...named('uncovered', true), ...subscriptions],
    extension: extension !== null && installed ? { name: extension, usedBy: named('uncovered', false) } : null,
  }
}

/** Subscriptions that fill the tables: pg_depend does not know them, and a drop would take the table out without a word. */
async function readSubscriptions(session: Session, tables: readonly Table[]): Promise<CatalogueObject[]> {
  const { rows } = await session.query<CatalogueObject & Record<string, unknown>>(sql`
    select distinct 'subscription' as type, pg_catalog.quote_ident(s.subname) as identity
    from pg_catalog.pg_subscription_rel r
    join pg_catalog.pg_subscription s on s.oid = r.srsubid
    join pg_catalog.pg_class c on c.oid = r.srrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (select * from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[]))
    order by 2`)
  return rows
}

/** Throws `Purge.NotCovered`, naming what dropping would destroy beyond the manifest. */
export function requireCovered({ uncovered }: Coverage): void {
  const [first] = uncovered
  if (!first) return
  const names = uncovered.map(({ type, identity }) => `${type} "${identity}"`)
  throw new RollbackError(
    'Purge.NotCovered',
    `${names.length === 1 ? 'An object depends' : `${names.length} objects depend`} on the retired tables and no snapshot holds ${
      names.length === 1 ? 'it' : 'them'
    }: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}.`,
    { fix: `Drop the ${first.type} "${first.identity}" yourself, or undo the retirement.`, category: 'refused' },
  )
}
