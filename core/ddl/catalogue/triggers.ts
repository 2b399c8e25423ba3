import { omitNull } from '#core/ddl/catalogue/omit-null.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

type Trigger = TableDefinition['triggers'][number]

/** Users' triggers: those that carry out foreign keys are internal. */
export async function readTriggers(session: Session, oids: readonly number[]): Promise<(Trigger & { oid: number })[]> {
  const { rows } = await session.query<Trigger & { oid: number }>(sql`
    select t.tgrelid as oid,
           t.tgname::text as name,
           pg_get_triggerdef(t.oid) as definition,
           t.tgenabled as enabled,
           obj_description(t.oid, 'pg_trigger') as comment,
           case when t.tgparentid <> 0 then true end as inherited
      from pg_trigger t
     where t.tgrelid = any(${oids}::oid[]) and not t.tgisinternal
     order by t.tgrelid, t.tgname collate "C"`)
  return rows.map((row) => omitNull(row, 'inherited'))
}
