import type { RetirementId, Table } from '#core/names.ts'
import type { Row, Session } from '#core/ports.ts'
import { RETIRED_SCHEMA, retiredName } from '#core/retire/names.ts'
import type { Renamed } from '#core/retire/record.ts'
import { sql } from '#core/sql/tag.ts'

interface Belonging {
  readonly kind: Renamed['kind']
  readonly table: number
  readonly oid: number
  readonly from: Table
}

/**
 * What has a name in a schema and goes with the tables: indexes and owned sequences, which follow their table, and extended
 * statistics, which do not.
 */
export async function readBelongings(session: Session, id: RetirementId, oids: readonly number[]): Promise<OfTable[]> {
  const { rows } = await session.query<Belonging & Row>(sql`
    select 'index' as kind, i.indrelid as table, c.oid, json_build_object('schema', n.nspname, 'name', c.relname) as from
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where i.indrelid = any(${oids}::oid[])
    union all
    select 'sequence', d.refobjid, c.oid, json_build_object('schema', n.nspname, 'name', c.relname)
      from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S' join pg_namespace n on n.oid = c.relnamespace
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
       and d.refobjid = any(${oids}::oid[]) and d.deptype in ('a', 'i')
    union all
    select 'statistics', s.stxrelid, s.oid, json_build_object('schema', n.nspname, 'name', s.stxname)
      from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
     where s.stxrelid = any(${oids}::oid[])
     order by 2, 1, 3`)
  return rows.map(({ kind, table, oid, from }) => ({
    table,
    renamed: { kind, oid, from, to: { schema: RETIRED_SCHEMA, name: retiredName(id, oid) } },
  }))
}

interface OfTable {
  readonly table: number
  readonly renamed: Renamed
}
