import { readForeignKeys } from '#core/ddl/catalogue/foreign-keys.ts'
import { findRelations } from '#core/ddl/catalogue/locate.ts'
import type { ForeignKeyDefinition } from '#core/ddl/definition.ts'
import { lendPrivilege } from '#core/ddl/lend-privilege.ts'
import { piecesOf } from '#core/ddl/render/foreign-keys.ts'
import { type UnvalidatedForeignKey, validateForeignKeys } from '#core/ddl/validate.ts'
import { bringLedgerBack, ledgersOf, requireLedgerBack } from '#core/ledger/back.ts'
import { contains, type RetirementId, same, type Table } from '#core/names.ts'
import type { Clock, Session } from '#core/ports.ts'
import { ensureBootstrap } from '#core/retire/bootstrap.ts'
import { grantedOn, retiredViews, rolesOfDependents } from '#core/retire/dependents.ts'
import {
  dependentsWithoutRoles,
  type LostDependent,
  requireDependentsAsRecorded,
  sortDependents,
} from '#core/retire/dependents-back.ts'
import { findLostRoles, rolesToGiveBack, withoutRoles } from '#core/retire/existing-roles.ts'
import { addForeignKeys, type LostForeignKey, sortForeignKeys } from '#core/retire/foreign-keys-back.ts'
import { asRetiredOwner } from '#core/retire/inheritance.ts'
import { isOpen, type Retirement } from '#core/retire/record.ts'
import { closeAsUndone, findRetirement, lockRetirement } from '#core/retire/records.ts'
import { mergeRoles, readRoles } from '#core/retire/roles.ts'
import { requireFreeNames } from '#core/retire/taken-names.ts'
import { underLocks } from '#core/retire/under-locks.ts'
import { requireAsRecorded, requireNotPurged, requireTables, runUndo } from '#core/retire/undo-guards.ts'
import type { TableLockOptions } from '#core/sql/locks.ts'

export interface UndoInput {
  readonly retirement: RetirementId
  readonly clock: Clock
  readonly lockOptions?: TableLockOptions
}

export interface Undone {
  readonly changed: boolean
  readonly retirement: Retirement
  /** Could not be given back: the other table is gone, or no longer fits. */
  readonly lostForeignKeys: readonly LostForeignKey[]
  /** Given back, hold for new rows, and not validated: for people to look at. */
  readonly unvalidatedForeignKeys: readonly UnvalidatedForeignKey[]
  /** Views, functions, places in publications that were dropped since. */
  readonly lostDependents: readonly LostDependent[]
  /** Roles that were dropped since; their privileges could not be given back. */
  readonly lostRoles: readonly string[]
}

/**
 * Moves retired tables back and gives back all that was recorded, in one transaction of milliseconds, and checks the outcome
 * against the record before it commits. Then validates the foreign keys, which reads the tables (mind the statement
 * timeout of the session). May be run again: what is missing of the validation is made up for.
 *
 * Throws `Undo.NoSuchRetirement`, `Undo.Purged`, `Undo.TableGone`, `Undo.NameTaken`, `Undo.DefinitionDiffers`, `Ledger.OtherRevision`,
 * `Retire.NotBootstrapped`, `Locks.NotAcquired`.
 */
export async function undoRetire(session: Session, input: UndoInput): Promise<Undone> {
  const retirement = requireNotPurged(await findRetirement(session, input.retirement), input.retirement)
  const before =
    (isOpen(retirement) ? await moveBack(session, retirement, input) : null) ?? (await alreadyBack(session, retirement))
  const after = await findRetirement(session, input.retirement)
  return {
    ...before,
    retirement: after ?? retirement,
    unvalidatedForeignKeys: await validateForeignKeys(
      session,
      retirement.boundaryForeignKeys,
      input.clock,
      input.lockOptions,
    ),
  }
}

type MovedBack = Omit<Undone, 'retirement' | 'unvalidatedForeignKeys'>

/** What an earlier call did, which may have been killed before it could tell. */
async function alreadyBack(
  session: Session,
  { tables, boundaryForeignKeys, dependents }: Retirement,
): Promise<MovedBack> {
  const definitions = tables.map(({ definition }) => definition)
  const located = await findRelations(
    session,
    definitions.map(({ table }) => table),
  )
  const there = await readForeignKeys(
    session,
    located.map(({ oid }) => oid),
  )
  const lostForeignKeys = boundaryForeignKeys
    .filter((key) => !withPieces([key]).some((wanted) => there.some((found) => sameKey(wanted, found))))
    .map((foreignKey) => ({ foreignKey, why: 'is not there any more' }))
  const { lost: lostDependents } = await sortDependents(session, { dependents })
  const lostRoles = await findLostRoles(session, [...definitions, ...grantedOn(dependents)])
  return { changed: false, lostForeignKeys, lostDependents, lostRoles }
}

/** `null` when another session was faster. */
async function moveBack(
  session: Session,
  retirement: Retirement,
  { clock, lockOptions = {} }: UndoInput,
): Promise<MovedBack | null> {
  await requireTables(session, retirement)
  await requireFreeNames(session, retirement)
  await requireLedgerBack(session, retirement)
  const { there, lost: lostDependents } = await sortDependents(session, retirement)
  const lostRoles = await findLostRoles(session, [
    ...retirement.tables.map(({ definition }) => definition),
    ...grantedOn(there),
  ])
  const dependents = dependentsWithoutRoles(there, lostRoles)
  const tables = retirement.tables.map((table) => ({ ...table, definition: withoutRoles(table.definition, lostRoles) }))
  const definitions = tables.map(({ definition }) => definition)
  const { possible, impossible } = await sortForeignKeys(session, retirement)
  const names = definitions.map(({ table }) => table)
  const farTables = distinct(possible.flatMap(({ from, to }) => [from, to])).filter((table) => !contains(names, table))
  const roles = mergeRoles(
    rolesToGiveBack(definitions),
    rolesOfDependents(dependents.map(({ definition }) => definition)),
  )
  await ensureBootstrap(session, mergeRoles(roles, await readRoles(session, farTables)))
  const retired = [...tables.map(({ retired }) => retired), ...retiredViews(dependents)]
  // The application reads the far tables: a foreign key that is added needs them without writers only.
  const options = { ...lockOptions, againstWriters: [...farTables, ...ledgersOf(retirement)] }

  return asRetiredOwner(session, () =>
    underLocks(session, retired, clock, options, async () => {
      const now = requireNotPurged(await lockRetirement(session, retirement.id), retirement.id)
      if (!isOpen(now)) return null
      await requireFreeNames(session, retirement)
      await bringLedgerBack(session, now)
      // One round trip for all: everybody waits meanwhile.
      await runUndo(session, tables, dependents)
      const parents = possible.map(({ to }) => to)
      const lost = [
        ...impossible,
        ...(await lendPrivilege(session, 'REFERENCES', parents, () => addForeignKeys(session, possible))),
      ]
      await requireAsRecorded(
        session,
        definitions,
        withPieces([...lost.map(({ foreignKey }) => foreignKey), ...possible.filter(comesInPieces)]),
      )
      await requireDependentsAsRecorded(
        session,
        definitions.map(({ oid }) => oid),
        dependents,
      )
      await closeAsUndone(session, retirement.id)
      return { changed: true, lostForeignKeys: lost, lostDependents, lostRoles }
    }),
  )
}

/** A key of a partitioned table that is not joined again yet is there as its pieces. */
const comesInPieces = (key: ForeignKeyDefinition): boolean => piecesOf(key).length > 0
const withPieces = (keys: readonly ForeignKeyDefinition[]): ForeignKeyDefinition[] =>
  keys.flatMap((key) => [key, ...piecesOf(key)])
const sameKey = (a: ForeignKeyDefinition, b: ForeignKeyDefinition): boolean => a.name === b.name && same(a.from, b.from)

const distinct = (tables: readonly Table[]): Table[] =>
  tables.filter((table, i) => tables.findIndex((other) => same(other, table)) === i)
