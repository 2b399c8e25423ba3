import type { Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * The tables with all that hang on them as partitions or heirs, at any depth, as the catalogue has them now: parents before their
 * children, else in the order asked for. A plan names the roots. Tables that do not exist come last.
 */
export async function expandTrees(session: Session, tables: readonly Table[]): Promise<Table[]> {
  const { rows } = await session.query<Table & Row>(sql`
    with recursive wanted as (
      select wanted.place, wanted.schema, wanted.name, c.oid
        from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[])
             with ordinality wanted(schema, name, place)
        left join pg_namespace n on n.nspname = wanted.schema
        left join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name),
    tree as (
      select oid, place, 0 as depth from wanted where oid is not null
      union
      select i.inhrelid, place, depth + 1 from tree join pg_inherits i on i.inhparent = tree.oid)
    select schema, name from (
      select n.nspname::text as schema, c.relname::text as name, max(depth) as depth, min(place) as place
        from tree join pg_class c using (oid) join pg_namespace n on n.oid = c.relnamespace group by 1, 2
      union all
      select schema, name, null, place from wanted where oid is null) all_of_them
     order by depth nulls last, place, schema collate "C", name collate "C"`)
  return rows
}
