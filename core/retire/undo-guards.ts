import { captureTables } from '#core/ddl/capture.ts'
import { findRelations } from '#core/ddl/catalogue/locate.ts'
import type { ForeignKeyDefinition, TableDefinition } from '#core/ddl/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { contains, printTable, type RetirementId } from '#core/names.ts'
import type { Session } from '#core/ports.ts'
import { differingPath } from '#core/retire/difference.ts'
import type { RetiredDependent, RetiredTable, Retirement } from '#core/retire/record.ts'
import { script } from '#core/retire/retire.ts'
import { undoStatements } from '#core/retire/undo-statements.ts'
import { sqlState } from '#core/sql/errors.ts'

/** A retirement that may be undone, or was. */
export function requireNotPurged(retirement: Retirement | null, id: RetirementId): Retirement {
  if (!retirement) {
    throw new RollbackError('Undo.NoSuchRetirement', `This database knows no retirement "${id}".`, {
      fix: 'List the retirements of the plan with status, and check that this is the right database.',
      category: 'refused',
    })
  }
  if (retirement.purgedAt !== null) {
    throw new RollbackError('Undo.Purged', `Retirement "${id}" was purged at ${retirement.purgedAt}.`, {
      fix: 'Restore its tables from the snapshot.',
      category: 'refused',
    })
  }
  return retirement
}

/** Throws `Undo.TableGone`. */
export async function requireTables(session: Session, { tables }: Retirement): Promise<void> {
  const names = tables.map(({ retired }) => retired)
  const there = await findRelations(session, names)
  for (const { retired, definition } of tables) {
    if (contains(there, retired)) continue
    throw new RollbackError(
      'Undo.TableGone',
      `"${printTable(retired)}", retired from "${printTable(definition.table)}", is gone.`,
      {
        fix: 'Somebody dropped it by hand: restore it from the snapshot.',
        category: 'refused',
      },
    )
  }
}

/** Compares what is there with the record, inside the transaction. Throws `Undo.DefinitionDiffers`. */
export async function requireAsRecorded(
  session: Session,
  recorded: readonly TableDefinition[],
  lost: readonly ForeignKeyDefinition[],
): Promise<void> {
  const now = await captureTables(
    session,
    recorded.map(({ table }) => table),
  )
  for (const [i, definition] of recorded.entries()) {
    const path = now[i] ? differingPath(definition, now[i], lost) : '.'
    if (path === null) continue
    throw new RollbackError(
      'Undo.DefinitionDiffers',
      `"${printTable(definition.table)}" would come back with another "${path}" than it had.`,
      {
        fix: PUT_BACK,
        category: 'refused',
      },
    )
  }
}

/** Throws `Undo.DefinitionDiffers` when a statement finds nothing to act on. */
export async function runUndo(
  session: Session,
  tables: readonly RetiredTable[],
  dependents: readonly RetiredDependent[],
): Promise<void> {
  try {
    await session.script(script(undoStatements(tables, dependents).map(({ text }) => text)))
  } catch (error) {
    // undefined_object: a trigger or rule that the record has, dropped together with what it used.
    if (sqlState(error) !== '42704') throw error
    const what = error instanceof Error ? error.message : String(error)
    throw new RollbackError('Undo.DefinitionDiffers', `A retired table lacks what it had: ${what}`, {
      fix: PUT_BACK,
      category: 'refused',
      cause: error,
    })
  }
}

const PUT_BACK =
  'Nothing was changed. Somebody altered the retired table, or what it uses: put that back, then undo again.'
