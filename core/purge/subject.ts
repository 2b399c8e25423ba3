import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { digestOf } from '#core/json.ts'
import type { PlanName, RetirementId, SnapshotId } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import { type CatalogueObject, coverage, requireCovered } from '#core/purge/coverage.ts'
import { formerNames, requireUnchangedDependents, retiredDependents } from '#core/purge/dependents.ts'
import { mayDropExtension } from '#core/purge/extension.ts'
import { requireOfRetirement } from '#core/purge/of-retirement.ts'
import { isOpen, type Retirement } from '#core/retire/record.ts'
import { findRetirements } from '#core/retire/records.ts'
import { requireAsRetired } from '#core/snapshot/agreement.ts'
import { readColumns } from '#core/snapshot/columns.ts'
import { snapshotOf } from '#core/snapshot/keys.ts'
import { findManifest, type RetiredManifest } from '#core/snapshot/manifest.ts'
import { Hash } from '#core/snapshot/part.ts'

const Count = z.int().min(0)

/**
 * What a purge would destroy and by what it would come back: what people approve. JSON; whatever changes in it voids the
 * approval.
 */
export const PurgeSubject = z.strictObject({
  plan: z.string().transform((plan) => plan as PlanName),
  retirement: z.string().transform((retirement) => retirement as RetirementId),
  /** The snapshot that took the place of the tables: what is in service is not what goes. */
  replacedBy: z.string().nullable(),
  snapshot: z.string().transform((snapshot) => snapshot as SnapshotId),
  manifestSha256: Hash,
  /** Digest of all that would go: objects, columns, extension. */
  catalogueFingerprint: Hash,
  rows: Count,
  /** In the bucket. */
  bytes: Count,
  tables: z.array(z.strictObject({ schema: z.string(), name: z.string(), rows: Count })).min(1),
  /** `table "vector_rollback_retired.r…"`: what goes, parts included; of many the first, and how many more. */
  destroys: z.array(z.string()),
  /** `null`: the plan does not name it. `kept` says why it stays in spite of the plan. */
  extension: z.strictObject({ name: z.string(), kept: z.string().nullable() }).nullable(),
})
export type PurgeSubject = z.infer<typeof PurgeSubject>

export interface ChoosePurgeInput {
  readonly plan: PlanName
  readonly environment: string
  /** Milliseconds that retired tables are kept before they may be destroyed. */
  readonly retention: number
  readonly now: Date
  /** Extension to drop as well, when nothing else needs it. */
  readonly extension?: string
}

/**
 * Of the retirements that lie open and are due, the newest that is sealed. Throws `Purge.NothingToPurge`, `Purge.TooEarly`,
 * `Purge.NotSealed`, `Purge.LiveSnapshot`, `Purge.NotCovered`.
 */
export async function choosePurge(session: Session, objects: Objects, input: ChoosePurgeInput): Promise<PurgeSubject> {
  const { open, due } = await purgeable(session, input)
  for (const retirement of due) {
    const manifest = await findManifest(objects, { ...nameOf(retirement), environment: input.environment })
    if (manifest) return describePurge(session, retirement, requireOfRetirement(manifest, retirement), input.extension)
  }
  if (due[0]) throw notSealed(due[0])
  const soonest = open.at(-1)
  if (soonest) throw tooEarly(soonest, dueAt(soonest, input.retention))
  throw new RollbackError('Purge.NothingToPurge', `No tables of plan "${input.plan}" lie retired.`, {
    fix: 'There is nothing to do: they were moved back, or purged already.',
    category: 'refused',
  })
}

/** The newest retirement that is due and has no snapshot of its own yet; `null` when there is none. */
export async function dueUnsealed(
  session: Session,
  objects: Objects,
  input: ChoosePurgeInput,
): Promise<RetirementId | null> {
  for (const retirement of (await purgeable(session, input)).due)
    if (!(await findManifest(objects, { ...nameOf(retirement), environment: input.environment }))) return retirement.id
  return null
}

/** Open retirements, the newest first. What a restore has only just set aside may still have to come back. */
async function purgeable(session: Session, { plan, retention, now }: ChoosePurgeInput) {
  const open = (await findRetirements(session, plan)).filter((one) => isOpen(one) && one.replacedBy !== null)
  return { open, due: open.filter((retirement) => dueAt(retirement, retention) <= now) }
}

const dueAt = ({ retiredAt }: Retirement, retention: number): Date =>
  new Date(new Date(retiredAt).getTime() + retention)

const nameOf = ({ plan, id }: Retirement) => ({ plan, snapshot: snapshotOf(id) })

const tooEarly = ({ id, retiredAt }: Retirement, due: Date) =>
  new RollbackError('Purge.TooEarly', `Retirement "${id}" of ${retiredAt} is kept until ${due.toISOString()}.`, {
    fix: 'Purge after that, or shorten the retention in the plan.',
    category: 'refused',
  })

const notSealed = (retirement: Retirement) =>
  new RollbackError(
    'Purge.NotSealed',
    `Snapshot "${snapshotOf(retirement.id)}" of the retired tables has no manifest.`,
    {
      fix: 'Run the snapshot again: it goes on where it stopped. Nothing is purged before it is sealed.',
      category: 'refused',
    },
  )

/** The manifest of a retirement's snapshot. Throws `Purge.NotSealed`, `Purge.LiveSnapshot`. */
export async function sealedManifest(
  objects: Objects,
  retirement: Retirement,
  environment: string,
): Promise<RetiredManifest> {
  const manifest = await findManifest(objects, { ...nameOf(retirement), environment })
  if (!manifest) throw notSealed(retirement)
  const own = requireOfRetirement(manifest, retirement)
  requireAsRetired(own, retirement)
  return own
}

/** The subject as the catalogue is now. Throws `Purge.NotCovered`. */
export async function describePurge(
  session: Session,
  retirement: Retirement,
  manifest: RetiredManifest,
  extension: string | undefined,
): Promise<PurgeSubject> {
  const tables = retirement.tables.map(({ retired }) => retired)
  await requireUnchangedDependents(session, retirement, manifest)
  const dependents = retiredDependents(manifest)
  const found = await coverage(session, tables, extension ?? null, dependents)
  requireCovered(found)
  const columns: unknown[] = []
  for (const table of tables) columns.push(await readColumns(session, table))
  const former = formerNames(manifest)
  // What is no part of a table comes first: of many parts not all are shown.
  const wentAlong = (object: CatalogueObject) => formerNameOf(object, former) !== undefined
  const destroys = [...found.destroys.filter(wentAlong), ...found.destroys.filter((object) => !wentAlong(object))].map(
    (object) => print(object, former),
  )
  const decided =
    extension === undefined ? null : { name: extension, kept: await mayDropExtension(session, extension, found) }
  return {
    plan: retirement.plan,
    retirement: retirement.id,
    replacedBy: retirement.replacedBy ?? null,
    snapshot: manifest.snapshot,
    manifestSha256: manifest.sha256,
    catalogueFingerprint: digestOf({
      destroys,
      columns,
      extension: decided,
      ...(dependents.length === 0 ? {} : { dependents }),
    }),
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    bytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
    tables: manifest.tables.map(({ schema, name, rows }) => ({ schema, name, rows })),
    destroys: shown(destroys),
    extension: decided,
  }
}

/** A state machine carries 256 KiB; the fingerprint is of all of them. */
const SHOWN = 500
const shown = (destroys: readonly string[]): string[] =>
  destroys.length <= SHOWN
    ? [...destroys]
    : [...destroys.slice(0, SHOWN), `and ${destroys.length - SHOWN} objects more of the same tables`]

/** A function's identity goes on with its arguments. */
const formerNameOf = ({ type, identity }: CatalogueObject, former: ReadonlyMap<string, string>) =>
  former.get(`${type} ${identity.split('(')[0]}`)

const print = (object: CatalogueObject, former: ReadonlyMap<string, string>): string => {
  const { type, identity } = object
  const was = formerNameOf(object, former)
  return `${type} "${identity}"${was === undefined ? '' : `, which was ${was}`}`
}
