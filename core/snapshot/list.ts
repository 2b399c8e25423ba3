import type { RollbackError } from '#core/errors.ts'
import type { PlanName } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import { listFolders, type SnapshotFolder } from '#core/snapshot/folders.ts'
import { manifestKey } from '#core/snapshot/keys.ts'
import { inspectManifest, type Manifest } from '#core/snapshot/manifest.ts'

/**
 * - `sealed`: a snapshot; its parts were not looked at
 * - `not sealed`: no manifest, hence no snapshot, whatever lies there
 * - `not trusted`: there is a manifest, and it is not what was written for this name and environment
 */
export type ListedSnapshot = SnapshotFolder &
  (
    | { readonly state: 'sealed'; readonly manifest: Manifest }
    | { readonly state: 'not sealed' }
    | { readonly state: 'not trusted'; readonly problems: readonly RollbackError[] }
  )

/** Everything under the name of a snapshot, of one plan or of all; one that cannot be trusted does not hide the others. */
export async function listSnapshots(
  objects: Objects,
  { plan, environment }: { plan?: PlanName; environment: string },
): Promise<ListedSnapshot[]> {
  const listed: ListedSnapshot[] = []
  for (const folder of await listFolders(objects, plan)) {
    if (!folder.keys.includes(manifestKey(folder.plan, folder.snapshot))) {
      listed.push({ ...folder, state: 'not sealed' })
      continue
    }
    const { manifest, problems } = await inspectManifest(objects, { ...folder, environment })
    listed.push(
      manifest && problems.length === 0
        ? { ...folder, state: 'sealed', manifest }
        : { ...folder, state: 'not trusted', problems },
    )
  }
  return listed
}
