import { validationIsDue } from '#core/ddl/validate.ts'
import { RollbackError } from '#core/errors.ts'
import { ledgerToBringBack } from '#core/ledger/back.ts'
import { type PlanName, printTable, type RetirementId, type Sha256, type SnapshotId, type Table } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { requireMayRestore } from '#core/restore/bootstrap.ts'
import { diffStanding, existing, requireFits, requireNoDrift } from '#core/restore/drift.ts'
import { missingExtensions, requireExtensions } from '#core/restore/extension.ts'
import { doneOf } from '#core/restore/notes.ts'
import { findSetAside, requireHeld, requireTreesHeld } from '#core/restore/set-aside.ts'
import { notesSchema } from '#core/restore/side-schema.ts'
import { printStanding, type StandingTable, standingTables } from '#core/restore/standing.ts'
import { planRetirement } from '#core/retire/plan.ts'
import { isOpen, isReplaced, type Retirement } from '#core/retire/record.ts'
import { findRetirements } from '#core/retire/records.ts'
import { requireNoRefusals } from '#core/retire/refusals.ts'
import { snapshotPrefix } from '#core/snapshot/keys.ts'
import { findManifest, listSealed, type Manifest, readManifest } from '#core/snapshot/manifest.ts'

/** What a restore would take, small enough for the state machine. */
export type RestoreChoice =
  | {
      readonly source: 'retired'
      readonly retirement: RetirementId
      readonly tables: readonly Table[]
      readonly detail: string
    }
  | {
      readonly source: 'snapshot'
      readonly snapshot: SnapshotId
      /** `null` for a live snapshot. */
      readonly retirement: RetirementId | null
      readonly manifestSha256: Sha256
      readonly createdAt: string
      readonly rows: number
      /** In the bucket. */
      readonly bytes: number
      readonly tables: readonly Table[]
      /** In service under the names now: set aside before the swap. */
      readonly standing: readonly StandingTable[]
      /** How they differ from the snapshot, in lines for people; whoever started the restore has accepted that. */
      readonly diff: readonly string[]
      readonly acceptDrift: boolean
      readonly detail: string
    }
  | { readonly source: 'nothing'; readonly detail: string }

export interface ChooseInput {
  readonly plan: PlanName
  readonly environment: string
  /** Tables that have to come back, by their real names. */
  readonly tables: readonly Table[]
  /** Whether the restore may create a missing extension. */
  readonly createExtension: boolean
  /** A certain snapshot, whatever stands under its names. Without one: the newest that holds what is gone. */
  readonly snapshot?: SnapshotId
  /** Tables that were altered since may be replaced by those of the snapshot. */
  readonly acceptDrift?: boolean
  /** Objects that may be left behind pointing at tables that are set aside. */
  readonly allow?: readonly string[]
}

/**
 * Where to restore from: the snapshot that is asked for. Without one: tables that still lie retired come back by undo; else the
 * newest sealed snapshot that holds the tables that are gone; when none is gone, nothing is to be done, unless a run was killed
 * after it had moved the tables: what follows the move is made up for by the same way. Refuses what would fail later:
 * `Restore.NoSnapshot`, `Restore.NoSuchSnapshot`, `Restore.SchemaDrift`, `Restore.ExtensionMissing`,
 * `Restore.ExtensionOlder`, `Restore.NotBootstrapped`, `Ledger.OtherRevision`, what could not be retired, a manifest that cannot be trusted.
 */
export async function chooseRestore(session: Session, objects: Objects, input: ChooseInput): Promise<RestoreChoice> {
  if (input.snapshot !== undefined) return ofSnapshot(session, await readNamed(objects, input, input.snapshot), input)
  const wanted = new Set(input.tables.map(keyOf))
  const own = (await findRetirements(session, input.plan)).filter((retirement) =>
    retirement.tables.some(({ definition }) => wanted.has(keyOf(definition.table))),
  )
  const open = own.find((retirement) => isOpen(retirement) && retirement.replacedBy === undefined)
  if (open && (await areThere(session, open)))
    return fromRetired(open, `Tables retired at ${open.retiredAt} are still there.`)
  const there = new Set((await existing(session, input.tables)).map(keyOf))
  const gone = input.tables.filter((table) => !there.has(keyOf(table)))
  if (gone.length === 0)
    return unfinished(
      session,
      objects,
      input,
      own.find((one) => !isReplaced(one)),
    )
  const manifest = await newestHolding(objects, input, gone)
  if (!manifest) {
    const aside = own.find((retirement) => isOpen(retirement) && retirement.replacedBy === null)
    if (aside && (await areThere(session, aside)))
      return fromRetired(aside, `Tables set aside at ${aside.retiredAt} are still there.`)
    const names = gone.map((table) => `"${printTable(table)}"`).join(', ')
    throw new RollbackError('Restore.NoSnapshot', `No sealed snapshot of plan "${input.plan}" holds ${names}.`, {
      fix: 'Restore from a backup of the database (RDS snapshot, point in time), then run the checks.',
      category: 'refused',
    })
  }
  return ofSnapshot(session, manifest, input)
}

const areThere = async (session: Session, { tables }: Retirement): Promise<boolean> =>
  (
    await existing(
      session,
      tables.map(({ retired }) => retired),
    )
  ).length === tables.length

/** Looks at everything that could stop the restore later, before anything is written. */
async function ofSnapshot(session: Session, manifest: Manifest, input: ChooseInput): Promise<RestoreChoice> {
  const { plan, allow = [], acceptDrift = false, createExtension } = input
  if ((await doneOf(session, notesSchema({ plan, snapshot: manifest.snapshot }), 'swapped')).has('all'))
    return fromSnapshot(manifest, `Snapshot "${manifest.snapshot}" is swapped in; what follows that is to be done.`)
  const absent = await missingExtensions(session, manifest)
  if (!createExtension) requireExtensions(absent)
  await requireFits(session, manifest, new Set(absent.map(({ name }) => name)))
  await requireMayRestore(session, manifest)
  await ledgerToBringBack(session, plan, acceptDrift ? 'accepted' : 'refused')
  requireHeld(await findSetAside(session, manifest), manifest)
  const standing = await standingTables(session, manifest.tables)
  if (standing.length === 0)
    return { ...fromSnapshot(manifest, `Snapshot "${manifest.snapshot}" of ${manifest.createdAt}.`), acceptDrift }
  await requireTreesHeld(session, manifest)
  const diff = await diffStanding(session, manifest)
  if (!acceptDrift) requireNoDrift(manifest, diff)
  requireNoRefusals(await planRetirement(session, { retirement: PLANNED, tables: standing, allow }))
  return {
    ...fromSnapshot(
      manifest,
      `Snapshot "${manifest.snapshot}" of ${manifest.createdAt}. In its place now: ${standing.map(printStanding).join(', ')}; set aside and counted before the swap, which has to be approved then.`,
    ),
    standing,
    diff: [...diff.drift, ...diff.notes],
    acceptDrift,
  }
}

/** Its name decides nothing: what is planned is looked at, and not done. */
const PLANNED = 'planned' as RetirementId

/** Throws `Restore.NoSuchSnapshot` with those that there are, `Snapshot.NotSealed`, `Snapshot.OtherEnvironment`, … */
async function readNamed(
  objects: Objects,
  { plan, environment }: ChooseInput,
  snapshot: SnapshotId,
): Promise<Manifest> {
  const manifest = await findManifest(objects, { plan, snapshot, environment })
  if (manifest) return manifest
  for await (const _ of objects.list(snapshotPrefix(plan, snapshot)))
    return readManifest(objects, { plan, snapshot, environment })
  const sealed = await listSealed(objects, plan)
  throw new RollbackError('Restore.NoSuchSnapshot', `Plan "${plan}" has no snapshot "${snapshot}".`, {
    fix: `Its sealed snapshots are ${sealed.map((id) => `"${id}"`).join(', ') || 'none'}; those of other plans cannot be restored by this one.`,
    category: 'refused',
  })
}

const fromRetired = ({ id, tables }: Retirement, detail: string): RestoreChoice => ({
  source: 'retired',
  retirement: id,
  tables: tables.map(({ definition }) => definition.table),
  detail,
})

const fromSnapshot = (manifest: Manifest, detail: string): RestoreChoice & { source: 'snapshot' } => ({
  source: 'snapshot',
  snapshot: manifest.snapshot,
  retirement: manifest.retirement,
  manifestSha256: manifest.sha256,
  createdAt: manifest.createdAt,
  rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
  bytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
  tables: manifest.tables.map(({ schema, name }) => ({ schema, name })),
  standing: [],
  diff: [],
  acceptDrift: false,
  detail,
})

/** The tables are in their places: what a run that was killed since then has not done any more. */
async function unfinished(
  session: Session,
  objects: Objects,
  { plan, environment }: ChooseInput,
  newest: Retirement | undefined,
): Promise<RestoreChoice> {
  if (newest?.undoneAt && (await validationIsDue(session, newest.boundaryForeignKeys)))
    return fromRetired(
      newest,
      `Tables retired at ${newest.retiredAt} are back; their foreign keys are to be validated.`,
    )
  for (const snapshot of await listSealed(objects, plan)) {
    if (!(await doneOf(session, notesSchema({ plan, snapshot }), 'swapped')).has('all')) continue
    const manifest = await readManifest(objects, { plan, snapshot, environment })
    return fromSnapshot(manifest, `Snapshot "${snapshot}" is swapped in; what follows that is to be done.`)
  }
  return { source: 'nothing', detail: 'All tables are there under their names.' }
}

/**
 * A manifest that cannot be trusted stops the choice: passing over it would restore older rows without a word. A live
 * snapshot is chosen by a person only, by its id: what was written after it would be lost without a word. The failed state
 * that a restore has set aside is passed over, too.
 */
async function newestHolding(
  objects: Objects,
  { plan, environment }: ChooseInput,
  gone: readonly Table[],
): Promise<Manifest | null> {
  const holding: Manifest[] = []
  for (const snapshot of await listSealed(objects, plan)) {
    const manifest = await readManifest(objects, { plan, snapshot, environment })
    if (manifest.consistency !== 'retired' || manifest.replaced) continue
    const held = new Set(manifest.tables.map(keyOf))
    if (gone.every((table) => held.has(keyOf(table)))) holding.push(manifest)
  }
  return holding.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0] ?? null
}

const keyOf = ({ schema, name }: Table): string => JSON.stringify([schema, name])
