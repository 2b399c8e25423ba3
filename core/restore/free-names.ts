import { RollbackError } from '#core/errors.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'

/**
 * The tables that exist under the names that a restore needs: all of them empty. Throws `Restore.NameTaken` with the number
 * of rows when one is not: what is there is never overwritten.
 */
export async function requireFreeNames(session: Session, tables: readonly Table[]): Promise<Table[]> {
  const there = await existing(session, tables)
  const taken: string[] = []
  for (const table of there) {
    const rows = await countRows(session, table)
    if (rows !== 0) taken.push(`"${printTable(table)}" (${rows ?? 'an unknown number of'} rows)`)
  }
  if (taken.length === 0) return there
  throw new RollbackError(
    'Restore.NameTaken',
    `There are tables with rows under the names to restore: ${taken.join(', ')}.`,
    {
      fix: 'Retire them first: they are kept, and the names become free.',
      category: 'refused',
    },
  )
}

/** `null` when the session's role may not see them all: that is not none. */
async function countRows(session: Session, table: Table): Promise<number | null> {
  try {
    const { rows } = await session.query<{ rows: string }>(
      sql`select count(*)::text as rows from ${sql.id(table.schema, table.name)}`,
    )
    return Number(rows[0]?.rows)
  } catch (error) {
    if (sqlState(error) === '42501') return null
    throw error
  }
}
