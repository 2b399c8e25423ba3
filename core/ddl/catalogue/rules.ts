import type { TableDefinition } from '#core/ddl/definition.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Rule = TableDefinition['rules'][number]

/** Users' rewrite rules. */
export async function readRules(session: Session, oids: readonly number[]): Promise<(Rule & { oid: number })[]> {
  const { rows } = await session.query<Rule & { oid: number }>(sql`
    select r.ev_class as oid,
           r.rulename::text as name,
           pg_get_ruledef(r.oid) as definition,
           r.ev_enabled as enabled,
           obj_description(r.oid, 'pg_rewrite') as comment
      from pg_rewrite r
     where r.ev_class = any(${oids}::oid[])
     order by r.ev_class, r.rulename collate "C"`)
  return rows
}
