import { z } from 'zod'
import { expandTrees } from '#core/ddl/trees.ts'
import { RollbackError } from '#core/errors.ts'
import {
  contains,
  type IncidentId,
  type PlanName,
  printTable,
  type RetirementId,
  type SnapshotId,
  same,
  type Table,
} from '#core/names.ts'
import type { Clock, Objects, Session } from '#core/ports.ts'
import { diffTable } from '#core/restore/diff.ts'
import { diffStanding, existing, requireNoDrift } from '#core/restore/drift.ts'
import { newerExtensions } from '#core/restore/extension.ts'
import { doneOf } from '#core/restore/notes.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { countRowsNotIn } from '#core/restore/rows-not-in.ts'
import { sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { isOpen, isReplaced, type Retirement } from '#core/retire/record.ts'
import { findRetirement, findRetirements, markReplaced } from '#core/retire/records.ts'
import { retire } from '#core/retire/retire.ts'
import { snapshotOf } from '#core/snapshot/keys.ts'
import { type Manifest, readManifest } from '#core/snapshot/manifest.ts'
import { Hash } from '#core/snapshot/part.ts'
import type { TableLockOptions } from '#core/sql/locks.ts'

const Count = z.int().min(0)

/**
 * What a snapshot is to take the place of: what people approve. JSON; whatever changes in it, the numbers above all, voids
 * the approval.
 */
export const ReplaceSubject = z.strictObject({
  plan: z.string().transform((plan) => plan as PlanName),
  snapshot: z.string().transform((snapshot) => snapshot as SnapshotId),
  manifestSha256: Hash,
  /** Of all tables together. */
  rows: Count,
  /** Of these, the ones that the snapshot does not have: written since. */
  written: Count,
  tables: z.array(
    z.strictObject({ schema: z.string(), name: z.string(), retirement: z.string(), rows: Count, written: Count }),
  ),
  /** How the tables differ from those of the snapshot, in lines for people. */
  diff: z.array(z.string()),
})
export type ReplaceSubject = z.infer<typeof ReplaceSubject>

/**
 * Open retirements of the snapshot's tables in whose place nothing stands yet: by a restore that set them aside, of this
 * run or of one that was killed, or by a full rollback when another snapshot than its own is to be restored. The newest first.
 */
export async function findSetAside(session: Session, manifest: Manifest): Promise<Retirement[]> {
  const names = namesOf(manifest)
  const found: Retirement[] = []
  for (const retirement of await findRetirements(session, manifest.plan)) {
    if (!isOpen(retirement) || isReplaced(retirement) || retirement.id === manifest.retirement) continue
    if (!retirement.tables.some(({ definition }) => contains(names, definition.table))) continue
    const retired = retirement.tables.map((table) => table.retired)
    // Dropped by hand: there is nothing left that could be counted or come back.
    if ((await existing(session, retired)).length === retired.length) found.push(retirement)
  }
  return found
}

/** Throws `Restore.SetAsideElsewhere` when the snapshot would take the place of some tables of a retirement and leave others behind. */
export function requireHeld(aside: readonly Retirement[], manifest: Manifest): void {
  const names = namesOf(manifest)
  for (const { id, tables } of aside) {
    const elsewhere = tables.find(({ definition }) => !contains(names, definition.table))
    if (!elsewhere) continue
    throw new RollbackError(
      'Restore.SetAsideElsewhere',
      `Retirement "${id}" has "${printTable(elsewhere.definition.table)}", which snapshot "${manifest.snapshot}" does not hold.`,
      {
        fix: 'Choose a snapshot that holds all of its tables, or restore without one: that moves them back.',
        category: 'refused',
      },
    )
  }
}

/**
 * Throws `Restore.SetAsideElsewhere` when a partition or an heir has come to the tables that stand there: it would be set aside
 * with them, and the snapshot has nothing to put in its place.
 */
export async function requireTreesHeld(session: Session, manifest: Manifest): Promise<void> {
  const names = namesOf(manifest)
  const more = (await expandTrees(session, await existing(session, names))).find((table) => !contains(names, table))
  if (!more) return
  throw new RollbackError(
    'Restore.SetAsideElsewhere',
    `"${printTable(more)}" belongs to a table that snapshot "${manifest.snapshot}" replaces, and is not in that snapshot.`,
    {
      fix: 'Detach it (alter table … detach partition, or no inherit) and it stays where it is; or choose a snapshot that holds it.',
      category: 'refused',
    },
  )
}

const namesOf = ({ tables }: Manifest): Table[] => tables.map(({ definition }) => definition.table)

/** After an undo: what a restore that was given up had set aside has these tables in its place now. */
export async function closeSetAside(session: Session, { id, plan, tables }: Retirement): Promise<void> {
  const names = tables.map(({ definition }) => definition.table)
  const aside = (await findRetirements(session, plan)).filter(
    (other) =>
      isOpen(other) &&
      other.replacedBy === null &&
      other.tables.some(({ definition }) => contains(names, definition.table)),
  )
  await markReplaced(
    session,
    aside.map((other) => other.id),
    snapshotOf(id),
  )
}

export interface SetAsideInput extends RestoreInput {
  /** Objects that may be left behind pointing at the tables, as for every retirement. */
  readonly allow: readonly string[]
  readonly acceptDrift: boolean
  readonly clock: Clock
  readonly lockOptions: TableLockOptions
}

/**
 * Retires what stands under the names of a snapshot, when all is loaded and compared: nothing is destroyed. May be run again:
 * what is retired does not stand there any more. `null` when nothing stood there. Throws `Restore.SchemaDrift` when the tables
 * were altered since they were looked at, and whatever a retirement refuses.
 */
export async function setAside(session: Session, objects: Objects, input: SetAsideInput): Promise<Retirement | null> {
  const manifest = await readManifest(objects, input)
  if (await isSwappedIn(session, input, manifest)) return null
  const tables = await existing(session, namesOf(manifest))
  if (tables.length === 0) return null
  await requireTreesHeld(session, manifest)
  if (!input.acceptDrift) requireNoDrift(manifest, await diffStanding(session, manifest))
  const { plan, allow, clock, lockOptions } = input
  const retirement = await freeId(session, input.incident)
  return (await retire(session, { plan, retirement, tables, allow, replacedBy: null, clock, lockOptions })).retirement
}

/** One run may set aside more than once: what was put back, and what was created anew. */
async function freeId(session: Session, incident: IncidentId): Promise<RetirementId> {
  for (let n = 1; ; n += 1) {
    const id = `${incident}-replaced${n === 1 ? '' : `-${n}`}` as RetirementId
    if ((await findRetirement(session, id)) === null) return id
  }
}

/** What is set aside, counted; `null` when nothing is. Reads the rows of both sides: about 2 s for 100,000 of `vector(1536)`. */
export async function describeSetAside(
  session: Session,
  objects: Objects,
  input: RestoreInput,
): Promise<ReplaceSubject | null> {
  const manifest = await readManifest(objects, input)
  if (await isSwappedIn(session, input, manifest)) return null
  const side = sideSchema(input, manifest)
  const tables: ReplaceSubject['tables'] = []
  const diff: string[] = []
  const aside = await findSetAside(session, manifest)
  requireHeld(aside, manifest)
  for (const retirement of aside)
    for (const { retired, definition } of retirement.tables) {
      const held = manifest.tables.find((table) => same(table, definition.table))
      if (!held) throw new TypeError('refused before: the snapshot does not hold it')
      const { drift, notes } = diffTable(held.definition, definition)
      diff.push(...drift, ...notes)
      const counted = await countRowsNotIn(session, retired, sideTable(side, definition.table))
      tables.push({ ...definition.table, retirement: retirement.id, ...counted })
    }
  if (tables.length === 0) return null
  return {
    plan: manifest.plan,
    snapshot: manifest.snapshot,
    manifestSha256: manifest.sha256,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    written: tables.reduce((sum, { written }) => sum + written, 0),
    tables,
    diff: [...diff, ...(await newerExtensions(session, manifest.extensions))],
  }
}

/** For people: `302 rows of public.items set aside; 2 of them are not in snapshot "inc-1"`. */
export const printSetAside = ({ rows, written, tables, snapshot }: ReplaceSubject): string =>
  `${rows} rows of ${[...new Set(tables.map(printTable))].join(', ')} set aside; ${written} of them are not in snapshot "${snapshot}"`

/** In place already; a run that was killed after that has only what follows the swap to do. */
const isSwappedIn = async (session: Session, input: RestoreInput, manifest: Manifest): Promise<boolean> =>
  (await doneOf(session, sideSchema(input, manifest).notes, 'swapped')).has('all')
