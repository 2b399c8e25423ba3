import type { Row, Session } from '#core/ports.ts'
import { sql } from '#core/sql/tag.ts'

/** Logical replication slots of this database: their consumers see a table vanish, and may have its rows. */
export async function findLogicalSlots(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ name: string } & Row>(sql`
    select slot_name::text as name from pg_replication_slots
     where slot_type = 'logical' and database = current_database() order by 1`)
  return rows.map(({ name }) => name)
}
