import type { PlanName, SnapshotId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import { isSegment, SNAPSHOTS, snapshotsPrefix } from '#core/snapshot/keys.ts'

/** What lies in the bucket under the name of a snapshot, whether it is one or not. */
export interface SnapshotFolder {
  readonly plan: PlanName
  readonly snapshot: SnapshotId
  readonly keys: readonly string[]
  readonly bytes: number
  /** When its newest object was written. */
  readonly newest: Date
}

/** Plan and snapshot of a key, or `null` for one that is in no folder of a snapshot. */
export const folderOf = (key: string): Pick<SnapshotFolder, 'plan' | 'snapshot'> | null => {
  if (!key.startsWith(SNAPSHOTS)) return null
  const [plan, snapshot, ...rest] = key.slice(SNAPSHOTS.length).split('/')
  if (plan === undefined || snapshot === undefined || rest.length === 0) return null
  return isSegment(plan) && isSegment(snapshot) ? { plan: plan as PlanName, snapshot: snapshot as SnapshotId } : null
}

/** The folders of a plan, or of all plans, in the order of their keys. */
export async function listFolders(objects: Objects, plan?: PlanName): Promise<SnapshotFolder[]> {
  const folders = new Map<string, SnapshotFolder & { keys: string[]; bytes: number; newest: Date }>()
  for await (const { key, bytes, modified } of objects.list(plan === undefined ? SNAPSHOTS : snapshotsPrefix(plan))) {
    const name = folderOf(key)
    if (!name) continue
    const id = `${name.plan}/${name.snapshot}`
    const folder = folders.get(id) ?? { ...name, keys: [], bytes: 0, newest: modified }
    folder.keys.push(key)
    folder.bytes += bytes
    if (modified > folder.newest) folder.newest = modified
    folders.set(id, folder)
  }
  return [...folders.values()]
}
