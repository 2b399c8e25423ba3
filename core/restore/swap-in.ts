import { lendPrivilege } from '#core/ddl/lend-privilege.ts'
import { finishAfterSwap, partitionedIndexes } from '#core/ddl/render.ts'
import { validateForeignKeys } from '#core/ddl/validate.ts'
import { RollbackError } from '#core/errors.ts'
import { readJson, writeJson } from '#core/json.ts'
import { bringLedgerBack, ledgersOf, ledgerToBringBack } from '#core/ledger/back.ts'
import { contains, printTable, type RetirementId, type Table } from '#core/names.ts'
import type { Clock, Objects, Session } from '#core/ports.ts'
import { bringBackDependents } from '#core/restore/dependents.ts'
import { existing } from '#core/restore/drift.ts'
import { requireFreeNames } from '#core/restore/free-names.ts'
import { withoutInnerForeignKeys } from '#core/restore/inner-foreign-keys.ts'
import { doneOf, markDone, pieceName } from '#core/restore/notes.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { restoreProgress } from '#core/restore/progress.ts'
import { refreshViews } from '#core/restore/refresh.ts'
import { pendingRestoreIndexes } from '#core/restore/restore-indexes.ts'
import { Restored } from '#core/restore/restored.ts'
import { restoredKey, type SideSchema, sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { isOpen, isReplaced } from '#core/retire/record.ts'
import { findRetirements, markReplaced } from '#core/retire/records.ts'
import { type Manifest, readManifest } from '#core/snapshot/manifest.ts'
import { withLockTimeout } from '#core/sql/lock-timeout.ts'
import { type TableLockOptions, withTableLocks } from '#core/sql/locks.ts'
import { sql } from '#core/sql/tag.ts'

export interface SwapInput extends RestoreInput {
  readonly clock: Clock
  readonly locks: TableLockOptions
  /** Whether the ledger may stay where another migration has moved it since the tables went. */
  readonly ledgerDrift?: 'refused' | 'accepted'
}

/**
 * Moves the compared side tables to their real schemas and gives them back all that belongs to the real name, in one short
 * transaction; then validates foreign keys, fills materialized views, analyzes, and drops the side schema. What stood under
 * the names was set aside before, and is from now on replaced. Throws `Restore.NameTaken`, `Restore.NotCompared`, `Restore.IndexesMissing`,
 * `Ledger.OtherRevision`.
 */
export async function swapIn(
  session: Session,
  objects: Objects,
  input: SwapInput,
): Promise<{ changed: boolean } & Restored> {
  const manifest = await readManifest(objects, input)
  const side = sideSchema(input, manifest)
  const key = restoredKey(input)
  const progress = await restoreProgress(session, objects, { notes: side.notes, restored: key })
  if (progress === 'restored') {
    return { changed: false, ...Restored.parse((await readJson(objects, key))?.value) }
  }
  if (!(await doneOf(session, side.notes, 'swapped')).has('all')) {
    await requireReady(session, manifest, side)
    await joinIndexes(session, manifest, side)
    await swap(session, manifest, side, input)
  }
  const { validations } = finishAfterSwap(withoutInnerForeignKeys(manifest))
  // What follows reads whole tables, and makes nobody wait.
  await session.query(sql`select set_config('statement_timeout', '0', false)`)
  const unvalidated = await validateForeignKeys(
    session,
    validations.map(({ foreignKey }) => foreignKey),
    input.clock,
    input.locks,
  )
  const restored: Restored = {
    restoredAt: input.clock.now().toISOString(),
    tables: manifest.tables.map(({ schema, name, rows }) => ({ schema, name, rows })),
    unvalidated: unvalidated.map(({ foreignKey, orphans, why }) => ({
      foreignKey: foreignKey.name,
      table: printTable(foreignKey.from),
      orphans: orphans === null ? null : Number(orphans),
      why,
    })),
    unrefreshed: await refreshViews(session, manifest, side.notes),
  }
  await withLockTimeout(session, '60s', async () => {
    for (const { schema, name, definition } of manifest.tables) {
      // ANALYZE of a partitioned table goes through all of its partitions.
      if (!definition.partitionOf) await session.query(sql`analyze ${sql.id(schema, name)}`)
    }
  })
  await input.locks.guard?.()
  await writeJson(objects, key, restored)
  await dropSide(session, side)
  return { changed: true, ...restored }
}

async function requireReady(session: Session, manifest: Manifest, side: SideSchema): Promise<void> {
  const compared = await doneOf(session, side.notes, 'compared')
  const open = manifest.tables.find((table) => !compared.has(pieceName(table)))
  if (open) {
    throw new RollbackError('Restore.NotCompared', `Table "${printTable(open)}" was not compared with the manifest.`, {
      fix: 'Compare the restore first; a table that differs is never swapped in.',
      category: 'refused',
    })
  }
  const [pending] = await pendingRestoreIndexes(session, manifest, side)
  if (!pending) return
  throw new RollbackError('Restore.IndexesMissing', `Index "${pending.name}" is not built yet.`, {
    fix: 'Build the indexes first: without them searches would be slow, and wrong where they are unique.',
    category: 'refused',
  })
}

/** Makes the built indexes of partitions one index of their table again. Nobody waits there. */
const joinIndexes = (session: Session, manifest: Manifest, side: SideSchema): Promise<void> =>
  session.transaction(async () => {
    if (!(await markDone(session, side.notes, { kind: 'partitioned indexes', name: 'all' }))) return
    const definitions = manifest.tables.map(({ definition }) => definition)
    for (const statement of partitionedIndexes(definitions, (table) => sideTable(side, table))) {
      await session.query(statement)
    }
  })

async function swap(
  session: Session,
  manifest: Manifest,
  side: SideSchema,
  { clock, locks, ledgerDrift = 'refused' }: SwapInput,
): Promise<void> {
  await requireFreeNames(session, manifest.tables)
  const replaced = await openRetirements(session, manifest)
  const definitions = withoutInnerForeignKeys(manifest)
  const finish = finishAfterSwap(definitions)
  const parents = definitions.flatMap(({ foreignKeys }) => foreignKeys.map(({ to }) => to))
  const ledger = await ledgerToBringBack(session, manifest.plan, ledgerDrift)
  const options = { ...locks, againstWriters: [...(await referenced(session, manifest)), ...ledgersOf(ledger)] }
  // Nobody reads the side tables, but autovacuum comes to what was just loaded, and has to give way.
  const aside = manifest.tables.map(({ definition }) => sideTable(side, definition.table))
  await withTableLocks(session, aside, clock, options, async () => {
    if (!(await markDone(session, side.notes, { kind: 'swapped', name: 'all' }))) return
    for (const { definition } of manifest.tables) {
      const from = sideTable(side, definition.table)
      await session.query(
        sql`alter table ${sql.id(from.schema, from.name)} set schema ${sql.id(definition.table.schema)}`,
      )
    }
    await lendPrivilege(session, 'REFERENCES', parents, async () => {
      for (const statement of finish.statements) await session.query(statement)
    })
    await bringBackDependents(session, manifest)
    if (ledger) await bringLedgerBack(session, ledger)
    await markReplaced(session, replaced, manifest.snapshot)
  })
}

/** Tables beyond the restored ones that a foreign key leads to or comes from: adding it locks them. */
async function referenced(session: Session, { tables }: Manifest): Promise<Table[]> {
  const own = new Set(tables.map(pieceName))
  const others = tables
    .flatMap(({ definition }) => definition.foreignKeys.flatMap(({ from, to }) => [from, to]))
    .filter((table) => !own.has(pieceName(table)))
  return existing(session, others)
}

/** Whatever of these tables lies retired has others in its place from now on, the snapshot's own source as well. */
async function openRetirements(session: Session, { plan, tables }: Manifest): Promise<RetirementId[]> {
  const retirements = await findRetirements(session, plan)
  return retirements
    .filter((retirement) => isOpen(retirement) && !isReplaced(retirement))
    .filter((retirement) => retirement.tables.some(({ definition }) => contains(tables, definition.table)))
    .map(({ id }) => id)
}

/** Without cascade: what somebody else put there stays, and says so. */
async function dropSide(session: Session, side: SideSchema): Promise<void> {
  await session.transaction(async () => {
    for (const schema of side.schemas.values()) await session.query(sql`drop schema ${sql.id(schema)}`)
    await session.query(sql`drop table ${sql.id(side.notes, 'done')}`)
    await session.query(sql`drop schema ${sql.id(side.notes)}`)
  })
}
