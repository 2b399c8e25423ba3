import { countOrphans, readUnvalidated } from '#core/ddl/catalogue/orphans.ts'
import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { canBeJoined, joinPieces } from '#core/ddl/join-pieces.ts'
import { lendPrivilege } from '#core/ddl/lend-privilege.ts'
import { piecesOf, validateForeignKey } from '#core/ddl/render/foreign-keys.ts'
import { leftVisible, withRowsVisible } from '#core/ddl/rows-visible.ts'
import { validateUnseen } from '#core/ddl/validate-unseen.ts'
import { isRollbackError } from '#core/errors.ts'
import type { Clock, Session } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'
import { withLockTimeout } from '#core/sql/lock-timeout.ts'
import type { TableLockOptions } from '#core/sql/locks.ts'

export interface UnvalidatedForeignKey {
  readonly foreignKey: ForeignKeyDefinition
  /** Rows of the child without a parent, as text; `null` when the validation could not be carried out at all. */
  readonly orphans: string | null
  readonly why: string
}

/**
 * Validates the keys that were valid by their definition and are not now. Reads the tables, each key by itself, under a lock
 * that holds up neither readers nor writers; mind the statement timeout of the session. Those with orphans stay NOT VALID.
 * May be run again. Waits for whoever else has such a lock, an autovacuum or ANALYZE, up to the deadline of the locks.
 */
export async function validateForeignKeys(
  session: Session,
  foreignKeys: readonly ForeignKeyDefinition[],
  clock: Clock,
  lockOptions: TableLockOptions = {},
): Promise<UnvalidatedForeignKey[]> {
  const valid = foreignKeys.filter(({ validated }) => validated)
  const unvalidated = await validateEach(session, valid.flatMap(inPieces), clock, lockOptions)
  for (const foreignKey of valid) {
    const without = await joinPieces(session, foreignKey, clock, lockOptions)
    if (without.length > 0) {
      const why = `not one key again: ${without.join(', ')} must have it validated first, under any name`
      unvalidated.push({ foreignKey, orphans: null, why })
    }
  }
  return unvalidated
}

const inPieces = (foreignKey: ForeignKeyDefinition): ForeignKeyDefinition[] => {
  const pieces = piecesOf(foreignKey)
  return pieces.length > 0 ? pieces : [foreignKey]
}

function validateEach(
  session: Session,
  foreignKeys: readonly ForeignKeyDefinition[],
  clock: Clock,
  lockOptions: TableLockOptions,
): Promise<UnvalidatedForeignKey[]> {
  const tables = foreignKeys.flatMap(({ from, to }) => [from, to])
  const { deadlineMs = 60_000 } = lockOptions
  return withRowsVisible(session, tables, clock, lockOptions, async () => {
    const unvalidated: UnvalidatedForeignKey[] = []
    for (const foreignKey of foreignKeys) {
      const columns = await readUnvalidated(session, foreignKey)
      if (!columns) continue
      try {
        await withLockTimeout(session, `${deadlineMs}ms`, () => validate(session, foreignKey))
      } catch (error) {
        // Nobody knows then whether it is valid: to be asked again, and not to be reported.
        if (isRollbackError(error) && error.category === 'unreachable') throw error
        const orphans = sqlState(error) === '23503' ? await countOrphans(session, foreignKey, columns) : null
        unvalidated.push({ foreignKey, orphans, why: error instanceof Error ? error.message : String(error) })
      }
    }
    return unvalidated
  })
}

/** Whether `validateForeignKeys` was not called, or was killed: there are keys to validate, or its traces on the tables. */
export async function validationIsDue(
  session: Session,
  foreignKeys: readonly ForeignKeyDefinition[],
): Promise<boolean> {
  const valid = foreignKeys.filter(({ validated }) => validated)
  const pieces = valid.flatMap(inPieces)
  for (const foreignKey of pieces) if (await readUnvalidated(session, foreignKey)) return true
  for (const foreignKey of valid) if (await canBeJoined(session, foreignKey)) return true
  return leftVisible(
    session,
    pieces.flatMap(({ from, to }) => [from, to]),
  )
}

const INSUFFICIENT_PRIVILEGE = '42501'

async function validate(session: Session, foreignKey: ForeignKeyDefinition): Promise<void> {
  try {
    await session.transaction(() =>
      lendPrivilege(session, 'SELECT', [foreignKey.from, foreignKey.to], () =>
        session.query(validateForeignKey(foreignKey)),
      ),
    )
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error
    await validateUnseen(session, foreignKey)
  }
}
