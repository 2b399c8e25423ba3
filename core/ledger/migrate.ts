import { RollbackError } from '#core/errors.ts'
import { type LedgerMove, moveLedger, requireRevision } from '#core/ledger/ledger.ts'
import { printTable, type Table } from '#core/names.ts'
import type { Clock, Session } from '#core/ports.ts'
import { existing } from '#core/restore/drift.ts'
import { underLocks } from '#core/retire/under-locks.ts'
import type { TableLockOptions } from '#core/sql/locks.ts'

export interface MigrateInput {
  readonly move: LedgerMove
  /** What the migration undoes, as SQL. */
  readonly script: string
  /** Locked exclusively before the script runs; those that are not there are passed over. */
  readonly locks: readonly Table[]
  /** What must not be there afterwards. */
  readonly gone: readonly Table[]
  readonly clock: Clock
  readonly lockOptions: TableLockOptions
}

/**
 * Undoes a migration: script and ledger in one transaction, so that a run that is killed has done both or neither. May be run
 * again: the ledger says that it is done. The locks are taken as for a retirement, in short tries, and what the script locks
 * besides waits no longer than a try, then all is tried again.
 *
 * Throws `Ledger.OtherRevision`, `Ledger.Ahead`, `Ledger.StillThere`, `Ledger.NotThere`, `Ledger.NotGranted`, `Locks.NotAcquired`.
 */
export async function migrate(session: Session, input: MigrateInput): Promise<{ changed: boolean; before: string }> {
  const { move, script, clock, lockOptions } = input
  if (await isUndone(session, input)) return { changed: false, before: move.to }
  const tables = await existing(session, input.locks)
  const options = { ...lockOptions, againstWriters: [move.table] }
  return underLocks(session, tables, clock, options, async () => {
    // Another session may have been faster.
    if (await isUndone(session, input)) return { changed: false, before: move.to }
    const before = await requireRevision(session, move, [...move.from, move.to])
    await session.script(script)
    const [left] = await existing(session, input.gone)
    if (left) {
      throw new RollbackError('Ledger.StillThere', `"${printTable(left)}" is there after the migration was undone.`, {
        fix: 'It was rolled back, and the ledger stands where it stood. Correct the file, or what it has to remove.',
      })
    }
    await moveLedger(session, move, before, move.to)
    return { changed: true, before }
  })
}

/** Throws `Ledger.Ahead` when the ledger says that it is undone, and what it made is still there. */
async function isUndone(session: Session, { move, gone }: MigrateInput): Promise<boolean> {
  if ((await requireRevision(session, move, [...move.from, move.to])) !== move.to) return false
  const [left] = await existing(session, gone)
  if (!left) return true
  throw new RollbackError(
    'Ledger.Ahead',
    `"${printTable(move.table)}" says "${move.to}", and "${printTable(left)}" is still there.`,
    {
      fix: 'Nothing was changed. Somebody moved the ledger without the migration: bring it to the revision that the tables have, then retry.',
      category: 'refused',
    },
  )
}
