import type { TableDefinition } from '#core/ddl/definition.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Statistics = TableDefinition['statistics'][number]

/** Extended statistics; they have a schema and an owner of their own. */
export async function readStatistics(
  session: Session,
  oids: readonly number[],
): Promise<(Statistics & { oid: number })[]> {
  const { rows } = await session.query<Statistics & { oid: number }>(sql`
    select s.stxrelid as oid,
           s.stxname::text as name,
           n.nspname::text as schema,
           pg_get_userbyid(s.stxowner) as owner,
           pg_get_statisticsobjdef(s.oid) as definition,
           coalesce(s.stxstattarget, -1)::int as target,
           obj_description(s.oid, 'pg_statistic_ext') as comment
      from pg_statistic_ext s
      join pg_namespace n on n.oid = s.stxnamespace
     where s.stxrelid = any(${oids}::oid[])
     order by n.nspname collate "C", s.stxname collate "C"`)
  return rows
}
