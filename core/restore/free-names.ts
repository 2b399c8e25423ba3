import { RollbackError } from '#core/errors.ts'
import type { Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { printStanding, standingTables } from '#core/restore/standing.ts'

/**
 * Throws `Restore.NameTaken`, with the number of rows of each, when something stands under a name that a restore needs: what
 * is there is never overwritten, and never dropped.
 */
export async function requireFreeNames(session: Session, tables: readonly Table[]): Promise<void> {
  const standing = await standingTables(session, tables)
  if (standing.length === 0) return
  throw new RollbackError(
    'Restore.NameTaken',
    `There are tables under the names to restore: ${standing.map(printStanding).join(', ')}.`,
    {
      fix: 'Somebody created them just now. Start the restore again: it sets them aside first, and goes on from here.',
      category: 'refused',
    },
  )
}
