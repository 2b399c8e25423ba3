import { attachedTo } from '#core/ddl/catalogue/attached-to.ts'
import { omitNull } from '#core/ddl/catalogue/omit-null.ts'
import type { IndexDefinition } from '#core/ddl/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Indexes that no constraint owns. What precedes USING in `pg_get_indexdef` is made again here, to be cut off by length. */
export async function readIndexes(
  session: Session,
  oids: readonly number[],
): Promise<(IndexDefinition & { oid: number })[]> {
  const { rows } = await session.query<IndexDefinition & { oid: number } & Row>(sql`
    select i.indrelid as oid,
           ic.relname::text as name,
           json_build_object('schema', n.nspname, 'name', c.relname) as table,
           am.amname::text as method,
           i.indisunique as unique,
           substr(pg_get_indexdef(i.indexrelid), 1 + length(format('CREATE %sINDEX %I ON %s%I.%I',
             case when i.indisunique then 'UNIQUE ' else '' end, ic.relname,
             case when ic.relkind = 'I' then 'ONLY ' else '' end,
             case when n.oid = pg_my_temp_schema() then 'pg_temp' else n.nspname end, c.relname))) as definition,
           space.spcname::text as tablespace,
           (i.indisvalid or ic.relkind = 'I') and i.indisready as valid,
           ${attachedTo(sql`i.indexrelid`)} as "attachedTo",
           i.indisclustered as clustered,
           coalesce((select json_object_agg(a.attnum, a.attstattarget order by a.attnum) from pg_attribute a
             where a.attrelid = i.indexrelid and a.attstattarget >= 0), '{}') as "statisticsTargets",
           obj_description(i.indexrelid, 'pg_class') as comment
      from pg_index i
      join pg_class ic on ic.oid = i.indexrelid
      join pg_am am on am.oid = ic.relam
      join pg_class c on c.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
      left join pg_tablespace space on space.oid = ic.reltablespace
     where i.indrelid = any(${oids}::oid[])
       and not exists (select from pg_constraint con where con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x'))
     order by i.indrelid, ic.relname collate "C"`)
  return rows.map((row) => omitNull(row, 'attachedTo'))
}
