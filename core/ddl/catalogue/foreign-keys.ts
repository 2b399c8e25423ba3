import { omitNull } from '#core/ddl/catalogue/omit-null.ts'
import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

export interface ForeignKeyRow extends ForeignKeyDefinition {
  readonly fromOid: number
  readonly toOid: number
}

/** Further keys derive from one of a partitioned table; those to the partitions of what is referred to are of no account. */
const onPartitions = sql`(
  with recursive derived as (
    select con.oid, con.conrelid, con.conname, con.confrelid
    union all
    select d.oid, d.conrelid, d.conname, d.confrelid
      from derived join pg_constraint d on d.conparentid = derived.oid and d.confrelid = derived.confrelid)
  select coalesce(json_agg(json_build_object('name', derived.conname,
           'from', json_build_object('schema', ln.nspname, 'name', lc.relname)) order by ln.nspname collate "C", lc.relname collate "C"), '[]')
    from derived join pg_class lc on lc.oid = derived.conrelid and lc.relkind = 'r' join pg_namespace ln on ln.oid = lc.relnamespace)`

/** Foreign keys of these tables and of other tables to them. */
export async function readForeignKeys(session: Session, oids: readonly number[]): Promise<ForeignKeyRow[]> {
  const { rows } = await session.query<ForeignKeyRow & Row>(sql`
    select con.conrelid as "fromOid",
           con.confrelid as "toOid",
           con.conname::text as name,
           json_build_object('schema', fn.nspname, 'name', fc.relname) as from,
           json_build_object('schema', tn.nspname, 'name', tc.relname) as to,
           regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', '') as definition,
           con.convalidated as validated,
           obj_description(con.oid, 'pg_constraint') as comment,
           case when fc.relkind = 'p' then ${onPartitions} end as "onPartitions"
      from pg_constraint con
      join pg_class fc on fc.oid = con.conrelid
      join pg_namespace fn on fn.oid = fc.relnamespace
      join pg_class tc on tc.oid = con.confrelid
      join pg_namespace tn on tn.oid = tc.relnamespace
     where con.contype = 'f' and con.conparentid = 0
       and (con.conrelid = any(${oids}::oid[]) or con.confrelid = any(${oids}::oid[]))
     order by fn.nspname collate "C", fc.relname collate "C", con.conname collate "C"`)
  return rows.map((row) => omitNull(row, 'onPartitions'))
}
