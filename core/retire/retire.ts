import { findRelations } from '#core/ddl/catalogue/locate.ts'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { isRoutine, isView } from '#core/ddl/dependents/definition.ts'
import { expandTrees } from '#core/ddl/trees.ts'
import { RollbackError } from '#core/errors.ts'
import { type LedgerMove, type LedgerMoved, moveLedger, requireRevision } from '#core/ledger/ledger.ts'
import { contains, type PlanName, printTable, type RetirementId, type Table } from '#core/names.ts'
import type { Clock, Session } from '#core/ports.ts'
import { ensureBootstrap } from '#core/retire/bootstrap.ts'
import { completeDependents, readDependentRoles } from '#core/retire/dependents.ts'
import { readGrantsLeft } from '#core/retire/grants-left.ts'
import { isOpen, isReplaced, type RetiredDependent, type Retirement } from '#core/retire/record.ts'
import { findRetirement, findRetirements, insertRetirement } from '#core/retire/records.ts'
import { findObjections, findObjectionsOfTables, findRewordings, requireNoRefusals } from '#core/retire/refusals.ts'
import { requireReproducible } from '#core/retire/reproducible.ts'
import { mergeRoles, readRoles } from '#core/retire/roles.ts'
import { retireStatements } from '#core/retire/statements.ts'
import { relationsToLock, survey } from '#core/retire/survey.ts'
import { underLocks } from '#core/retire/under-locks.ts'
import { whileContended } from '#core/sql/contended.ts'
import type { TableLockOptions } from '#core/sql/locks.ts'

export interface RetireInput {
  readonly plan: PlanName
  readonly retirement: RetirementId
  /** Roots: their partitions and heirs go with them. */
  readonly tables: readonly Table[]
  /** Objects, by the names that the preview gives them: what can be captured goes along, the rest is left behind. */
  readonly allow: readonly string[]
  /** `null` when they make room for a snapshot, see `Retirement`. */
  readonly replacedBy?: null
  /** The migration ledger, which says in the same transaction that what made the tables is undone. */
  readonly ledger?: LedgerMove
  readonly clock: Clock
  readonly lockOptions?: TableLockOptions
}

export interface Retired {
  readonly changed: boolean
  /** When the tables were out of reach already: the retirement that did it. */
  readonly retirement: Retirement
}

/**
 * Moves tables out of reach of everybody, in one transaction of milliseconds; nothing is destroyed. May be run again: the
 * record in the database tells what is done.
 *
 * Throws `Retire.NoSuchTable`, `Retire.Refused`, `Retire.NotBootstrapped`, `Retire.Closed`, `Retire.OtherTables`,
 * `Retire.PartlyRetired`, `Retire.CatalogueChanged`, `Retire.GrantLeft`, `Ledger.OtherRevision`, `Locks.NotAcquired`.
 */
export async function retire(session: Session, input: RetireInput): Promise<Retired> {
  const { plan, retirement: id, tables: roots, allow, clock, lockOptions = {}, ledger } = input
  const earlier = await findEarlier(session, input)
  if (earlier) return { changed: false, retirement: await completeDependents(session, earlier) }

  // A database at another revision is not the one that the plan was written for.
  if (ledger) await requireRevision(session, ledger, [...ledger.from, ledger.to])
  const tables = await expandTrees(session, roots)
  // Before any lock: what cannot work is found without holding anybody up.
  await ensureBootstrap(
    session,
    mergeRoles(await readRoles(session, tables), await readDependentRoles(session, tables, allow)),
  )
  const before = await survey(session, id, tables)
  requireReproducible(before)
  requireNoRefusals(await findObjections(session, tables, allow, before.found))
  // What makes room for a snapshot is kept as it is.
  if (input.replacedBy !== null) {
    const patience = { clock, signal: lockOptions.signal ?? new AbortController().signal }
    requireNoRefusals(await whileContended(() => findRewordings(session, before, allow), patience))
  }
  const locked = relationsToLock(tables, before)

  // Readers of the ledger pass: it is locked against a migration that would move it meanwhile.
  const options = ledger ? { ...lockOptions, againstWriters: [ledger.table] } : lockOptions
  await underLocks(session, locked, clock, options, async () => {
    requireSameTrees(tables, await expandTrees(session, roots))
    const now = await survey(session, id, tables, before)
    requireReproducible(now)
    requireNoRefusals(await findObjectionsOfTables(session, tables, allow, now.found))
    const unlocked = relationsToLock(tables, now).find((table) => !contains(locked, table))
    if (unlocked) {
      throw new RollbackError(
        'Retire.CatalogueChanged',
        `"${printTable(unlocked)}" got a foreign key or came to depend on the tables just now.`,
        {
          fix: 'Run the step again.',
        },
      )
    }
    const moved = ledger && (await moveWithTables(session, ledger))
    // One round trip for all: everybody waits meanwhile.
    await session.script(script(retireStatements(now).map(({ statement }) => statement.text)))
    const oids = now.tables.map(({ definition }) => definition.oid)
    await insertRetirement(session, {
      id,
      plan,
      ...now,
      ...(input.replacedBy === null ? { replacedBy: null } : {}),
      ...(moved ? { ledger: moved } : {}),
    })
    await requireNoGrantsLeft(session, oids, now.dependents)
  })
  const retirement = await findRetirement(session, id)
  if (!retirement) throw new TypeError('the record is written in the transaction that moves the tables')
  return { changed: true, retirement: await completeDependents(session, retirement) }
}

async function moveWithTables(session: Session, move: LedgerMove): Promise<LedgerMoved> {
  const { table, column, from, to } = move
  const before = await requireRevision(session, move, [...from, to])
  await moveLedger(session, move, before, to)
  return { table, column, before, after: to }
}

/** Throws `Retire.CatalogueChanged` when a partition came or went before the locks. */
function requireSameTrees(before: readonly Table[], now: readonly Table[]): void {
  const came = now.find((table) => !contains(before, table))
  const gone = before.find((table) => !contains(now, table))
  const changed = came ?? gone
  if (!changed) return
  throw new RollbackError(
    'Retire.CatalogueChanged',
    `"${printTable(changed)}" ${came ? 'became part of' : 'left'} one of the tables just now.`,
    { fix: 'Run the step again.' },
  )
}

export const script = (statements: readonly string[]): string => statements.map((text) => `${text};\n`).join('')

/** The open retirement that put all these tables out of reach, or `null` when all of them are in their places. */
async function findEarlier(session: Session, { plan, retirement, tables }: RetireInput): Promise<Retirement | null> {
  const own = await findRetirement(session, retirement)
  if (own) return requireSame(own, tables)
  const there = await findRelations(session, tables)
  const missing = tables.filter((table) => !contains(there, table))
  if (missing.length === 0) return null
  const open = (await findRetirements(session, plan)).filter((other) => isOpen(other) && !isReplaced(other))
  for (const table of missing) {
    if (open.some((other) => contains(namesOf(other), table))) continue
    throw new RollbackError('Retire.NoSuchTable', `There is no table "${printTable(table)}", and it was not retired.`, {
      fix: 'Correct the name in the plan; if the table was dropped, restore it from a snapshot.',
      category: 'refused',
    })
  }
  const adopted = open.find((other) => missing.every((table) => contains(namesOf(other), table)))
  if (adopted && there.length === 0) return adopted
  const [first] = missing
  throw new RollbackError(
    'Retire.PartlyRetired',
    `"${first ? printTable(first) : ''}" is retired already, the other tables are not, or by another retirement.`,
    {
      fix: `Undo what is open (${open.map(({ id }) => `"${id}"`).join(', ')}), or retire the other tables by themselves.`,
      category: 'refused',
    },
  )
}

function requireSame(own: Retirement, tables: readonly Table[]): Retirement {
  if (!isOpen(own)) {
    throw new RollbackError(
      'Retire.Closed',
      `Retirement "${own.id}" was ${own.undoneAt ? 'undone' : 'purged'} already.`,
      {
        fix: 'Start a new run: one run retires once.',
        category: 'refused',
      },
    )
  }
  const names = namesOf(own)
  const roots = own.tables
    .filter(({ definition }) => !isWithin(names, definition))
    .map(({ definition }) => definition.table)
  if (roots.every((table) => contains(tables, table)) && tables.every((table) => contains(names, table))) return own
  throw new RollbackError('Retire.OtherTables', `Retirement "${own.id}" is of ${roots.map(printTable).join(', ')}.`, {
    fix: 'Start a new run for other tables.',
    category: 'refused',
  })
}

/** Whether a table went with a parent of its own. */
const isWithin = (names: readonly Table[], { partitionOf, inherits = [] }: TableDefinition): boolean =>
  [...inherits, ...(partitionOf ? [partitionOf.parent] : [])].some((parent) => contains(names, parent))

const namesOf = ({ tables }: Retirement): Table[] => tables.map(({ definition }) => definition.table)

async function requireNoGrantsLeft(
  session: Session,
  tables: readonly number[],
  dependents: readonly RetiredDependent[],
): Promise<void> {
  const definitions = dependents.map(({ definition }) => definition)
  const [left] = await readGrantsLeft(
    session,
    [...tables, ...definitions.filter(isView).map(({ relation }) => relation.oid)],
    definitions.filter(isRoutine).map(({ oid }) => oid),
  )
  if (!left) return
  throw new RollbackError('Retire.GrantLeft', `"${left.grantee}" keeps a privilege on "${left.object}".`, {
    fix: 'Nothing was changed. Revoke it by hand as the role that granted it, then run the step again.',
    category: 'refused',
  })
}
