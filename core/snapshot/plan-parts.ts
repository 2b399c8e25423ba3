import { RollbackError } from '#core/errors.ts'
import { readJson } from '#core/json.ts'
import type { PlanName, SnapshotId, Table } from '#core/names.ts'
import type { Objects, Session } from '#core/ports.ts'
import type { Retirement } from '#core/retire/record.ts'
import { copyFormat, readColumns } from '#core/snapshot/columns.ts'
import { partKey, partsKey, snapshotOf } from '#core/snapshot/keys.ts'
import { cutIntoRanges } from '#core/snapshot/page-range.ts'
import { PartItem } from '#core/snapshot/part.ts'
import { sizeOnDisk } from '#core/snapshot/size-on-disk.ts'

/** Bytes of heap and TOAST that one part holds, when the plan does not say: seconds of work in a small function. */
export const DEFAULT_PART_BYTES = 64 * 1024 * 1024

export interface PlannedParts {
  readonly changed: boolean
  readonly snapshot: SnapshotId
  /** Key of the JSON array of `PartItem` that a Distributed Map walks. */
  readonly key: string
  /** Number of parts; at least one per table. */
  readonly count: number
  /** Size of the tables, heap and TOAST, in bytes; 0 when the list was there already. */
  readonly bytes: number
}

/**
 * Cuts the retired tables into parts and writes the list, once: a second call gives back the first list, so that parts
 * that lie in the bucket already stay good. The tables are still, so page ranges stay true.
 */
export async function planParts(
  session: Session,
  objects: Objects,
  { retirement, partBytes = DEFAULT_PART_BYTES }: { retirement: Retirement; partBytes?: number },
): Promise<PlannedParts> {
  const snapshot = snapshotOf(retirement.id)
  const key = partsKey(retirement.plan, snapshot)
  const earlier = await readParts(objects, retirement.plan, snapshot)
  if (earlier) return { changed: false, snapshot, key, count: earlier.length, bytes: 0 }

  const { items, bytes } = await cutTables(
    session,
    { plan: retirement.plan, snapshot },
    retirement.tables.map(({ retired }) => retired),
    partBytes,
  )
  const written = await objects.write(key, JSON.stringify(items), { ifAbsent: true }, 'application/json')
  // Lost against a twin: its list is the list.
  if (!written) return planParts(session, objects, { retirement, partBytes })
  return { changed: true, snapshot, key, count: items.length, bytes }
}

/** The parts of tables that stay as they are for the session, and the size of the tables in bytes. */
export async function cutTables(
  session: Session,
  { plan, snapshot }: { plan: PlanName; snapshot: SnapshotId },
  tables: readonly Table[],
  partBytes: number,
): Promise<{ items: PartItem[]; bytes: number }> {
  const items: PartItem[] = []
  let bytes = 0
  for (const table of tables) {
    const columns = await readColumns(session, table)
    const size = await sizeOnDisk(session, table)
    if (size === null) continue
    bytes += size.total
    for (const range of cutIntoRanges(size, partBytes)) {
      const index = items.length
      items.push({
        snapshot,
        index,
        table,
        columns: columns.filter(({ generated }) => !generated).map(({ name }) => name),
        format: copyFormat(columns),
        from: range.from ?? 0,
        to: range.to,
        key: partKey(plan, snapshot, index),
      })
    }
  }
  return { items, bytes }
}

/** The list of parts, or `null` when none was written. Throws `Snapshot.PartsCorrupt`. */
export async function readParts(objects: Objects, plan: PlanName, snapshot: SnapshotId): Promise<PartItem[] | null> {
  const key = partsKey(plan, snapshot)
  const found = await readJson(objects, key)
  if (!found) return null
  const parsed = PartItem.array().safeParse(found.value)
  if (parsed.success && parsed.data.every((item, index) => item.index === index && item.snapshot === snapshot)) {
    return parsed.data
  }
  throw new RollbackError('Snapshot.PartsCorrupt', `"${key}" is not a list of the parts of snapshot "${snapshot}".`, {
    fix: 'Somebody has changed it: restore its first version in the bucket, then run the snapshot again.',
    category: 'refused',
  })
}
