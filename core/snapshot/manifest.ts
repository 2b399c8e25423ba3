import { z } from 'zod'
import type { TableDefinition } from '#core/ddl/definition.ts'
import { RollbackError } from '#core/errors.ts'
import { digestOf, readJson } from '#core/json.ts'
import type { PlanName, RetirementId, SnapshotId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import type { RetiredDependent } from '#core/retire/record.ts'
import { disagreement } from '#core/snapshot/agreement.ts'
import { manifestKey, snapshotsPrefix } from '#core/snapshot/keys.ts'
import { Digest, Hash, PartContent } from '#core/snapshot/part.ts'

export const MANIFEST_FORMAT = 1

const ManifestTable = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** Everything that `create table` and its like need; taken before the table was moved. */
  definition: z.custom<TableDefinition>((value) => typeof value === 'object' && value !== null && 'columns' in value),
  columns: z.array(z.string()),
  format: z.enum(['binary', 'text']),
  rows: z.int().min(0),
  /** Digest of all rows, see `RowDigest`. */
  digest: Digest,
  /** Bytes in the bucket. */
  bytes: z.int().min(0),
  /** Bytes of the COPY streams. */
  rawBytes: z.int().min(0),
  /** Of the raw SHA-256s of the parts, in their order, as canonical JSON. */
  sha256: Hash,
  /** One at least; none of a partitioned table, whose rows are those of its partitions. */
  parts: z.array(PartContent),
})
export type ManifestTable = z.infer<typeof ManifestTable>

const hasItsParts = ({ definition, parts }: ManifestTable): boolean =>
  (definition.partitioning === undefined) === parts.length > 0

/** What snapshots of either kind have. */
const AnyManifest = z.strictObject({
  format: z.literal(MANIFEST_FORMAT),
  plan: z.string().transform((plan) => plan as PlanName),
  snapshot: z.string().transform((snapshot) => snapshot as SnapshotId),
  environment: z.string(),
  /** Host, port and name of the database, for people. */
  database: z.string(),
  createdAt: z.iso.datetime(),
  serverVersion: z.string(),
  /** The extensions that the tables need. */
  extensions: z.array(z.strictObject({ name: z.string(), schema: z.string(), version: z.string() })),
  tables: z.array(ManifestTable.refine(hasItsParts, 'a table has parts unless it is partitioned')).min(1),
  /** Of all the above, as canonical JSON. */
  sha256: Hash,
})

const isDependent = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'definition' in value && 'moved' in value

/** Of tables that no one could write. The only kind that allows a purge. */
const RetiredManifest = AnyManifest.extend({
  consistency: z.literal('retired'),
  /** Of tables that a restore has replaced: the failed state. Restored only when it is asked for by its id. */
  replaced: z.literal(true).optional(),
  retirement: z.string().transform((retirement) => retirement as RetirementId),
  /** Views, functions and places in publications that went along; left out when there are none. */
  dependents: z.array(z.custom<RetiredDependent>(isDependent)).optional(),
})
export type RetiredManifest = z.infer<typeof RetiredManifest>

/** Of one moment of tables that went on being written: evidence and a backup. It authorises nothing. */
const LiveManifest = AnyManifest.extend({
  consistency: z.literal('live'),
  retirement: z.null(),
  /** The moment, by the clock of the database; sequences have the values that they had then, or were drawn just after. */
  takenAt: z.iso.datetime(),
})
export type LiveManifest = z.infer<typeof LiveManifest>

/** `manifest.json`: written last and once. Without it there is no snapshot. */
export const Manifest = z.discriminatedUnion('consistency', [RetiredManifest, LiveManifest])
export type Manifest = z.infer<typeof Manifest>

/** What went along with the tables; nothing does with tables that went on being written. */
export const retiredWith = (manifest: Manifest): readonly RetiredDependent[] =>
  manifest.consistency === 'retired' ? (manifest.dependents ?? []) : []

type Unsigned = (Omit<RetiredManifest, 'sha256'> | Omit<LiveManifest, 'sha256'>) & { sha256?: never }

/** The digest that a manifest carries of itself. */
export const manifestDigest = ({ sha256: _, ...content }: Manifest | Unsigned) => digestOf(content)

export interface SnapshotName {
  readonly plan: PlanName
  readonly snapshot: SnapshotId
  /** `dev`, `staging`, `prod`, `local`: a manifest of another one is refused. */
  readonly environment: string
}

/** A sealed snapshot's manifest. Throws `Snapshot.NotSealed`, `Snapshot.ManifestCorrupt`, `Snapshot.OtherEnvironment`. */
export async function readManifest(objects: Objects, name: SnapshotName): Promise<Manifest> {
  const manifest = await findManifest(objects, name)
  if (manifest) return manifest
  throw new RollbackError('Snapshot.NotSealed', `Snapshot "${name.snapshot}" of plan "${name.plan}" has no manifest.`, {
    fix: 'Run the snapshot again: it goes on where it stopped, and seals itself when every part is there.',
    category: 'refused',
  })
}

/** As `readManifest`, but `null` when the snapshot is not sealed. */
export async function findManifest(objects: Objects, name: SnapshotName): Promise<Manifest | null> {
  const { manifest, problems } = await inspectManifest(objects, name)
  if (problems[0]) throw problems[0]
  return manifest
}

/**
 * What a manifest says, and everything that speaks against believing it; for showing, not for acting on. Neither when the
 * snapshot is not sealed; no manifest but a problem when it cannot be read as one.
 */
export async function inspectManifest(
  objects: Objects,
  { plan, snapshot, environment }: SnapshotName,
): Promise<{ manifest: Manifest | null; problems: RollbackError[] }> {
  const key = manifestKey(plan, snapshot)
  const found = await readJson(objects, key).catch((cause: unknown) => {
    if (cause instanceof SyntaxError) return corrupt(key, 'it is not JSON', cause)
    throw cause
  })
  if (found instanceof RollbackError) return { manifest: null, problems: [found] }
  if (!found) return { manifest: null, problems: [] }
  const parsed = Manifest.safeParse(found.value)
  if (!parsed.success) return { manifest: null, problems: [corrupt(key, z.prettifyError(parsed.error))] }
  const manifest = parsed.data
  const problems: RollbackError[] = []
  if (manifestDigest(manifest) !== manifest.sha256) problems.push(corrupt(key, 'it differs from its own digest'))
  const why = disagreement(manifest)
  if (why !== null) problems.push(corrupt(key, why))
  if (manifest.plan !== plan || manifest.snapshot !== snapshot) {
    problems.push(corrupt(key, `it is that of snapshot "${manifest.snapshot}" of plan "${manifest.plan}"`))
  }
  if (manifest.environment !== environment) {
    problems.push(
      new RollbackError(
        'Snapshot.OtherEnvironment',
        `"${key}" was made in environment "${manifest.environment}", this is "${environment}".`,
        { fix: `Use the bucket of "${environment}", or a snapshot that was made there.`, category: 'refused' },
      ),
    )
  }
  return { manifest, problems }
}

/** Ids of the sealed snapshots of a plan, in the order of their names. */
export async function listSealed(objects: Objects, plan: PlanName): Promise<SnapshotId[]> {
  const prefix = snapshotsPrefix(plan)
  const sealed: SnapshotId[] = []
  for await (const { key } of objects.list(prefix)) {
    const [snapshot, file, ...rest] = key.slice(prefix.length).split('/')
    if (snapshot !== undefined && file === 'manifest.json' && rest.length === 0) sealed.push(snapshot as SnapshotId)
  }
  return sealed
}

const corrupt = (key: string, why: string, cause?: unknown) =>
  new RollbackError('Snapshot.ManifestCorrupt', `"${key}" cannot be trusted: ${why}.`, {
    fix: 'Restore its first version in the bucket (the bucket keeps versions); do not edit it.',
    category: 'refused',
    cause,
  })
