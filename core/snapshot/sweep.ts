import type { SweptObjects } from '#core/ports.ts'
import { listFolders } from '#core/snapshot/folders.ts'
import { type JudgedFolder, type JudgedUpload, judgeFolder, type SweepRules } from '#core/snapshot/judge.ts'
import { partsKey } from '#core/snapshot/keys.ts'

export interface Swept {
  readonly folders: number
  readonly objects: number
  readonly bytes: number
  readonly uploads: number
}

/**
 * Deletes the folders and aborts the uploads that were judged to go. Each folder is judged once more right before; what
 * has become a snapshot, or is worked on again, stays. Killed half-way it leaves what the next sweep takes: a folder
 * without a manifest is nothing.
 */
export async function sweepJudged(
  objects: SweptObjects,
  judged: { readonly folders: readonly JudgedFolder[]; readonly uploads: readonly JudgedUpload[] },
  rules: SweepRules,
): Promise<Swept> {
  const swept = { folders: 0, objects: 0, bytes: 0, uploads: 0 }
  for (const { plan, snapshot, verdict } of judged.folders) {
    if (verdict !== 'sweep') continue
    const now = (await listFolders(objects, plan)).find((folder) => folder.snapshot === snapshot)
    if (!now || (await judgeFolder(objects, now, rules)).verdict !== 'sweep') continue
    const list = partsKey(plan, snapshot)
    // The list last: parts without it would be taken for those of another cut, should somebody go on after all.
    for (const key of now.keys.toSorted((a, b) => Number(a === list) - Number(b === list))) await objects.delete(key)
    swept.folders += 1
    swept.objects += now.keys.length
    swept.bytes += now.bytes
  }
  for (const upload of judged.uploads) {
    if (upload.verdict !== 'sweep') continue
    await objects.abort(upload)
    swept.uploads += 1
  }
  return swept
}
