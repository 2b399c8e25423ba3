import { validationIsDue } from '#core/ddl/validate.ts'
import { RollbackError } from '#core/errors.ts'
import { type PlanName, printTable, type RetirementId, type Sha256, type SnapshotId, type Table } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { existing, requireNoDrift } from '#core/restore/drift.ts'
import { missingExtensions, requireExtensions } from '#core/restore/extension.ts'
import { doneOf } from '#core/restore/notes.ts'
import { notesSchema } from '#core/restore/side-schema.ts'
import { isOpen, type Retirement } from '#core/retire/record.ts'
import { findRetirements } from '#core/retire/records.ts'
import { listSealed, type Manifest, readManifest } from '#core/snapshot/manifest.ts'

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
}

/**
 * Where to restore from: tables that still lie retired come back by undo; else the newest sealed snapshot that holds the
 * tables that are gone; when none is gone, nothing is to be done, unless a run was killed after it had moved the tables: what
 * follows the move is made up for by the same way. Refuses what would fail later: `Restore.NoSnapshot`, `Restore.SchemaDrift`,
 * `Restore.ExtensionMissing`, `Restore.ExtensionOlder`, a manifest that cannot be trusted.
 */
export async function chooseRestore(session: Session, objects: Objects, input: ChooseInput): Promise<RestoreChoice> {
  const wanted = new Set(input.tables.map(keyOf))
  const own = (await findRetirements(session, input.plan)).filter((retirement) =>
    retirement.tables.some(({ definition }) => wanted.has(keyOf(definition.table))),
  )
  const open = own.find(isOpen)
  if (open) {
    const retired = open.tables.map((table) => table.retired)
    if ((await existing(session, retired)).length === retired.length)
      return fromRetired(open, `Tables retired at ${open.retiredAt} are still there.`)
  }
  const there = new Set((await existing(session, input.tables)).map(keyOf))
  const gone = input.tables.filter((table) => !there.has(keyOf(table)))
  if (gone.length === 0) return unfinished(session, objects, input, own[0])
  const manifest = await newestHolding(objects, input, gone)
  if (!manifest) {
    const names = gone.map((table) => `"${printTable(table)}"`).join(', ')
    throw new RollbackError('Restore.NoSnapshot', `No sealed snapshot of plan "${input.plan}" holds ${names}.`, {
      fix: 'Restore from a backup of the database (RDS snapshot, point in time), then run the checks.',
      category: 'refused',
    })
  }
  const absent = await missingExtensions(session, manifest)
  if (!input.createExtension) requireExtensions(absent)
  await requireNoDrift(session, manifest, new Set(absent.map(({ name }) => name)))
  return fromSnapshot(manifest, `Snapshot "${manifest.snapshot}" of ${manifest.createdAt}.`)
}

const fromRetired = ({ id, tables }: Retirement, detail: string): RestoreChoice => ({
  source: 'retired',
  retirement: id,
  tables: tables.map(({ definition }) => definition.table),
  detail,
})

const fromSnapshot = (manifest: Manifest, detail: string): RestoreChoice => ({
  source: 'snapshot',
  snapshot: manifest.snapshot,
  retirement: manifest.retirement,
  manifestSha256: manifest.sha256,
  createdAt: manifest.createdAt,
  rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
  bytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
  tables: manifest.tables.map(({ schema, name }) => ({ schema, name })),
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
 * snapshot is chosen by a person only, by its id: what was written after it would be lost without a word.
 */
async function newestHolding(
  objects: Objects,
  { plan, environment }: ChooseInput,
  gone: readonly Table[],
): Promise<Manifest | null> {
  const holding: Manifest[] = []
  for (const snapshot of await listSealed(objects, plan)) {
    const manifest = await readManifest(objects, { plan, snapshot, environment })
    if (manifest.consistency !== 'retired') continue
    const held = new Set(manifest.tables.map(keyOf))
    if (gone.every((table) => held.has(keyOf(table)))) holding.push(manifest)
  }
  return holding.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0] ?? null
}

const keyOf = ({ schema, name }: Table): string => JSON.stringify([schema, name])
