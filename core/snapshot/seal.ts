import { RollbackError } from '#core/errors.ts'
import { readJson, writeJson } from '#core/json.ts'
import { printTable, type RetirementId, type Sha256, type SnapshotId, same } from '#core/names.ts'
import type { Clock, Objects, Session } from '#core/ports.ts'
import { completeDependents, retiredViews } from '#core/retire/dependents.ts'
import type { Retirement } from '#core/retire/record.ts'
import { inParallel } from '#core/snapshot/in-parallel.ts'
import { manifestKey, partsKey, sidecarKey, snapshotOf, snapshotPrefix } from '#core/snapshot/keys.ts'
import {
  findManifest,
  MANIFEST_FORMAT,
  type Manifest,
  type ManifestTable,
  manifestDigest,
  type RetiredManifest,
} from '#core/snapshot/manifest.ts'
import { manifestTable } from '#core/snapshot/manifest-table.ts'
import { PartContent, type PartItem } from '#core/snapshot/part.ts'
import { requireWholeList } from '#core/snapshot/parts-list.ts'
import { readParts } from '#core/snapshot/plan-parts.ts'
import { readRetired } from '#core/snapshot/read-retired.ts'
import { addDigests, NO_ROWS } from '#core/snapshot/row-digest.ts'
import { readServer } from '#core/snapshot/server.ts'
import { sql } from '#core/sql/tag.ts'

export interface SealedSnapshot {
  readonly changed: boolean
  readonly snapshot: SnapshotId
  readonly retirement: RetirementId
  readonly manifestKey: string
  readonly manifestSha256: Sha256
  readonly createdAt: string
  readonly rows: number
  /** In the bucket. */
  readonly bytes: number
  readonly tables: readonly { schema: string; name: string; rows: number; bytes: number; sha256: Sha256 }[]
}

export interface SealInput {
  readonly retirement: Retirement
  readonly environment: string
  /** `Database.label`. */
  readonly database: string
  readonly clock: Clock
}

/**
 * Writes the manifest: the last object of a snapshot, once. Before that, every part of the list must lie there with its
 * length, and every retired table must still have as many rows as its parts together.
 * Throws `Snapshot.PartsCorrupt`, `Snapshot.Incomplete`, `Snapshot.PartTruncated`, `Snapshot.RowsDiffer`, `Snapshot.OtherManifest`.
 */
export async function sealSnapshot(session: Session, objects: Objects, input: SealInput): Promise<SealedSnapshot> {
  const { environment } = input
  const retirement = await completeDependents(session, input.retirement)
  const name = { plan: retirement.plan, snapshot: snapshotOf(retirement.id), environment }
  const earlier = await findManifest(objects, name)
  const tables = await collectTables(session, objects, retirement)
  const content: Omit<RetiredManifest, 'sha256'> = {
    format: MANIFEST_FORMAT,
    plan: name.plan,
    snapshot: name.snapshot,
    retirement: retirement.id,
    environment,
    ...(earlier ? circumstances(earlier) : await circumstancesNow(session, input)),
    consistency: 'retired',
    ...(isOfReplaced(earlier, retirement) ? { replaced: true as const } : {}),
    tables,
    ...(retirement.dependents.length === 0 ? {} : { dependents: [...retirement.dependents] }),
  }
  const manifest: RetiredManifest = { ...content, sha256: manifestDigest(content) }
  if (!earlier) {
    const written = await writeJson(objects, manifestKey(name.plan, name.snapshot), manifest, { ifAbsent: true })
    // Lost against a twin: compare with what it wrote.
    return written ? summary(manifest, true) : sealSnapshot(session, objects, input)
  }
  if (earlier.sha256 === manifest.sha256) return summary(manifest, false)
  throw new RollbackError(
    'Snapshot.OtherManifest',
    `Snapshot "${name.snapshot}" is sealed already, with other content than its parts have now.`,
    {
      fix: 'A manifest is written once. Nothing may be purged by this snapshot; undo the retirement, or ask who changed it.',
      category: 'refused',
    },
  )
}

/** A retirement becomes one of replaced tables at the swap, a manifest stays as it was written. */
const isOfReplaced = (earlier: Manifest | null, { replacedBy }: Retirement): boolean =>
  earlier?.consistency === 'retired' ? earlier.replaced === true : replacedBy !== undefined

/** When and where a snapshot was sealed stays true when server, extension or address are others since. */
const circumstances = ({ database, createdAt, serverVersion, extensions }: Manifest) => ({
  ...{ database, createdAt, serverVersion, extensions },
})

const circumstancesNow = async (session: Session, { retirement, database, clock }: SealInput) => ({
  database,
  createdAt: clock.now().toISOString(),
  ...(await readServer(session, [
    ...retirement.tables.map(({ retired }) => retired),
    ...retiredViews(retirement.dependents),
  ])),
})

const summary = (manifest: RetiredManifest, changed: boolean): SealedSnapshot => ({
  changed,
  snapshot: manifest.snapshot,
  retirement: manifest.retirement,
  manifestKey: manifestKey(manifest.plan, manifest.snapshot),
  manifestSha256: manifest.sha256,
  createdAt: manifest.createdAt,
  rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
  bytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
  tables: manifest.tables.map(({ schema, name, rows, bytes, sha256 }) => ({ schema, name, rows, bytes, sha256 })),
})

async function collectTables(session: Session, objects: Objects, retirement: Retirement): Promise<ManifestTable[]> {
  const snapshot = snapshotOf(retirement.id)
  const items = await readParts(objects, retirement.plan, snapshot)
  if (!items) throw missing(partsKey(retirement.plan, snapshot))
  requireWholeList(items, retirement)
  const lengths = new Map<string, number>()
  for await (const { key, bytes } of objects.list(snapshotPrefix(retirement.plan, snapshot))) lengths.set(key, bytes)
  const parts = await inParallel(items, 16, (item) => readPart(objects, item, lengths))
  const counts = await countRows(session, retirement)

  return retirement.tables.map(({ retired, definition }) => {
    const own = items.flatMap((item) => {
      const part = parts[item.index]
      return part && same(item.table, retired) ? [{ item, part }] : []
    })
    const first = own[0]
    if (!first && !definition.partitioning)
      throw missing(`${snapshotPrefix(retirement.plan, snapshot)} (parts of ${printTable(definition.table)})`)
    const { rows } = own.map(({ part }) => part).reduce(addDigests, NO_ROWS)
    const counted = counts.get(retired.name)
    if (counted !== rows) {
      throw new RollbackError(
        'Snapshot.RowsDiffer',
        `Table "${printTable(definition.table)}" has ${counted} rows, its parts together have ${rows}.`,
        {
          fix: 'Somebody wrote to the retired table: find out who. To snapshot it as it is now, delete the parts and run again.',
          category: 'refused',
        },
      )
    }
    return manifestTable(
      definition,
      first?.item,
      own.map(({ part }) => part),
    )
  })
}

async function readPart(objects: Objects, item: PartItem, lengths: ReadonlyMap<string, number>): Promise<PartContent> {
  const found = await readJson(objects, sidecarKey(item.key))
  const part = PartContent.safeParse(found?.value)
  if (!part.success || part.data.key !== item.key || part.data.index !== item.index) throw missing(sidecarKey(item.key))
  const length = lengths.get(item.key)
  if (length === undefined) throw missing(item.key)
  if (length === part.data.storedBytes) return part.data
  throw new RollbackError(
    'Snapshot.PartTruncated',
    `"${item.key}" has ${length} bytes, not the ${part.data.storedBytes} that were written.`,
    { fix: 'Run the snapshot again: this part will be copied anew.', category: 'refused' },
  )
}

/** Rows of each retired table now, by its retired name; all in one snapshot. */
const countRows = (session: Session, retirement: Retirement): Promise<Map<string, number>> =>
  session.transaction(
    async () => {
      await readRetired(session)
      const counts = new Map<string, number>()
      for (const { retired } of retirement.tables) {
        const { rows } = await session.query<{ rows: string }>(
          sql`select count(*)::text as rows from only ${sql.id(retired.schema, retired.name)}`,
        )
        counts.set(retired.name, Number(rows[0]?.rows))
      }
      return counts
    },
    { isolation: 'repeatable read', readOnly: true },
  )

const missing = (key: string) =>
  new RollbackError('Snapshot.Incomplete', `"${key}" is missing.`, {
    fix: 'Run the snapshot again: the parts that are whole are not copied again.',
    category: 'refused',
  })
