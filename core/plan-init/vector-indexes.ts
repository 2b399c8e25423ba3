import type { VectorIndex } from '#core/plan-init/facts.ts'
import { EXTENSION, vectorTypes } from '#core/plan-init/find-tables.ts'
import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Indexes of the extension's own methods, and those of other methods over its types (a B-tree over a vector is none). */
export async function readVectorIndexes(session: Session, tables: readonly number[]): Promise<VectorIndex[]> {
  const { rows } = await session.query<VectorIndex & Row>(sql`
    with recursive ${vectorTypes}
    select n.nspname::text as schema, i.relname::text as name,
           json_build_object('schema', tn.nspname, 'name', t.relname) as table,
           am.amname::text as method, x.indisvalid as valid,
           i.relkind = 'I' or i.relispartition or exists (select from pg_catalog.pg_constraint k where k.conindid = i.oid) as bound
      from pg_catalog.pg_index x
      join pg_catalog.pg_class i on i.oid = x.indexrelid
      join pg_catalog.pg_namespace n on n.oid = i.relnamespace
      join pg_catalog.pg_class t on t.oid = x.indrelid
      join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
      join pg_catalog.pg_am am on am.oid = i.relam
     where x.indrelid = any(${tables}::oid[]) and am.amname not in ('btree', 'hash')
       and (exists (select from pg_catalog.pg_depend d
              join pg_catalog.pg_extension e on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and e.oid = d.refobjid
             where e.extname = ${EXTENSION} and d.classid = 'pg_catalog.pg_am'::pg_catalog.regclass and d.objid = am.oid)
         or exists (select from pg_catalog.pg_opclass o join vector_types v on v.oid = o.opcintype
             where o.oid = any(x.indclass::oid[])))
     order by 1, 2`)
  return rows
}
