import type { Session } from '#core/ports.ts'
import { RETIRED_ROLE } from '#core/retire/names.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * For a transaction that reads retired tables: only their owner may, and it takes as long as it takes. What ends it is the
 * signal of the session, and the watchdog of a COPY. A superuser stays what it is: in the embedded database a COPY goes
 * through a file, which nobody else may write.
 */
export const readRetired = async (session: Session): Promise<void> => {
  await session.query(sql`
    select set_config('role', case when rolsuper then 'none' else ${RETIRED_ROLE} end, true),
      set_config('statement_timeout', '0', true)
    from pg_catalog.pg_roles where rolname = current_user`)
}
