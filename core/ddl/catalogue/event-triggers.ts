import type { Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Event triggers that fire on DDL of an ordinary session; they belong to the database, not to a table. */
export async function readEventTriggers(session: Session): Promise<{ object: string; event: string }[]> {
  const { rows } = await session.query<{ object: string; event: string }>(sql`
    select 'event trigger ' || quote_ident(evtname) as object, evtevent::text as event
      from pg_event_trigger where evtenabled in ('O', 'A') and evtevent <> 'login' order by 1`)
  return rows
}
