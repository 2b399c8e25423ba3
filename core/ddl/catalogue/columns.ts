import { grantsOf } from '#core/ddl/catalogue/grants.ts'
import { omitNull } from '#core/ddl/catalogue/omit-null.ts'
import type { ColumnDefinition } from '#core/ddl/definition.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** The columns that are not dropped, in their order. `pg_constraint` has NOT NULL from PostgreSQL 18 on. */
export async function readColumns(
  session: Session,
  oids: readonly number[],
): Promise<(ColumnDefinition & { oid: number })[]> {
  const { rows } = await session.query<ColumnDefinition & { oid: number } & Row>(sql`
    select a.attrelid as oid,
           a.attname::text as name,
           format_type(a.atttypid, a.atttypmod) as type,
           json_build_object('schema', tn.nspname, 'name', t.typname) as "typeName",
           (select e.extname::text
              from pg_depend d join pg_extension e on e.oid = d.refobjid
             where d.classid = 'pg_type'::regclass and d.objid in (t.oid, t.typelem) and d.objid <> 0
               and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' limit 1) as "typeExtension",
           a.attnotnull as "notNull",
           case when nn.oid is not null then json_build_object(
             'name', nn.conname, 'definition', pg_get_constraintdef(nn.oid), 'validated', nn.convalidated,
             'comment', obj_description(nn.oid, 'pg_constraint'), 'inherited', case when not nn.conislocal then true end)
           end as "notNullConstraint",
           case when not a.attislocal then true end as inherited,
           case when a.attcollation not in (0, t.typcollation) then
             (select json_build_object('schema', cn.nspname, 'name', co.collname)
                from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
               where co.oid = a.attcollation) end as collation,
           pg_get_expr(ad.adbin, ad.adrelid) as default,
           case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated,
           case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
           case when a.attstorage <> t.typstorage then
             case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended' when 'm' then 'main' end
           end as storage,
           case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
           coalesce(a.attstattarget, -1)::int as "statisticsTarget",
           to_json(coalesce(a.attoptions, '{}')) as options,
           col_description(a.attrelid, a.attnum) as comment,
           ${grantsOf(sql`a.attacl`)} as grants
      from pg_attribute a
      join pg_type t on t.oid = a.atttypid
      join pg_namespace tn on tn.oid = t.typnamespace
      left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
      left join pg_constraint nn on nn.conrelid = a.attrelid and nn.contype = 'n' and nn.conkey = array[a.attnum]
     where a.attrelid = any(${oids}::oid[]) and a.attnum > 0 and not a.attisdropped
     order by a.attrelid, a.attnum`)
  return rows.map(({ notNullConstraint, ...column }) => ({
    ...omitNull(column, 'inherited'),
    notNullConstraint: notNullConstraint && omitNull(notNullConstraint, 'inherited'),
  }))
}
