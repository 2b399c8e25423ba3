import { type ForcedTable, readForcedTables } from '#core/ddl/catalogue/forced-tables.ts'
import { named } from '#core/ddl/render/names.ts'
import type { Table } from '#core/names.ts'
import type { Clock, Session } from '#core/ports.ts'
import { type TableLockOptions, withTableLocks } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'

const POLICY = 'vector_rollback_sees_all'

/**
 * Runs `work` in a session that sees every row of tables that force row security on their owners, too.
 *
 * VALIDATE CONSTRAINT runs its query as the session's role (RI_Initial_Check): under FORCE ROW LEVEL SECURITY that query sees
 * a part of the rows, or fails with `row_security = off`. Lifting FORCE meanwhile would open the table to the application,
 * which often is the owner. A policy for the session's role alone shows the rows to nobody else. Where that is not enough (a
 * restrictive policy, the role is the owner), `work` gets the error. What a killed process left is removed.
 */
export async function withRowsVisible<T>(
  session: Session,
  tables: readonly Table[],
  clock: Clock,
  lockOptions: TableLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const forced = await readForcedTables(session, tables, POLICY)
  await closeAgain(session, forced, clock, lockOptions)
  const toOpen = forced.filter(({ active }) => active)
  if (toOpen.length === 0 || toOpen.some(({ openable }) => !openable)) return work()
  await withTableLocks(session, toOpen, clock, lockOptions, async () => {
    for (const table of toOpen) {
      await session.query(
        sql`create policy ${sql.id(POLICY)} on ${named(table)} for select to current_user using (true)`,
      )
    }
  })
  try {
    await session.query(sql`select set_config('row_security', 'on', false)`)
    return await work()
  } finally {
    await session.query(sql`select set_config('row_security', 'off', false)`)
    await closeAgain(session, await readForcedTables(session, tables, POLICY), clock, lockOptions)
  }
}

/** Whether a process that was killed in `withRowsVisible` has left its policy on one of the tables. */
export const leftVisible = async (session: Session, tables: readonly Table[]): Promise<boolean> =>
  (await readForcedTables(session, tables, POLICY)).some(({ marked }) => marked)

async function closeAgain(
  session: Session,
  forced: readonly ForcedTable[],
  clock: Clock,
  lockOptions: TableLockOptions,
): Promise<void> {
  const marked = forced.filter((table) => table.marked)
  if (marked.length === 0) return
  await withTableLocks(session, marked, clock, lockOptions, async () => {
    for (const table of marked) await session.query(sql`drop policy ${sql.id(POLICY)} on ${named(table)}`)
  })
}
