import type { Objects, Session } from '#core/ports.ts'
import { type IndexToBuild, indexesToBuild, listPendingIndexes } from '#core/restore/index-to-build.ts'
import { doneOf } from '#core/restore/notes.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'
import { restoreProgress } from '#core/restore/progress.ts'
import { restoredKey, type SideSchema, sideSchema, sideTable } from '#core/restore/side-schema.ts'
import { type Manifest, readManifest } from '#core/snapshot/manifest.ts'

export const pendingRestoreIndexes = (
  session: Session,
  manifest: Manifest,
  side: SideSchema,
): Promise<IndexToBuild[]> =>
  listPendingIndexes(
    session,
    manifest.tables.flatMap(({ definition, rows }) =>
      // Those of a partitioned table are made when what its partitions have is built.
      definition.partitioning
        ? []
        : indexesToBuild(definition, sideTable(side, definition.table), { mode: 'plain', rows }),
    ),
  )

/** Indexes of the side tables that still have to be built. */
export async function listRestoreIndexes(
  session: Session,
  objects: Objects,
  input: RestoreInput,
): Promise<IndexToBuild[]> {
  const manifest = await readManifest(objects, input)
  const side = sideSchema(input, manifest)
  const progress = await restoreProgress(session, objects, { notes: side.notes, restored: restoredKey(input) })
  if (progress === 'restored') return []
  if ((await doneOf(session, side.notes, 'swapped')).size > 0) return []
  return pendingRestoreIndexes(session, manifest, side)
}
