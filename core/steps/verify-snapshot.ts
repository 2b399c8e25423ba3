import { z } from 'zod'
import { writeJson } from '#core/json.ts'
import type { SnapshotId } from '#core/names.ts'
import { verifyKey } from '#core/snapshot/keys.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { verifySnapshot as verifyObjects } from '#core/snapshot/verify.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const verifySnapshot = defineStep({
  kind: 'verify-snapshot',
  purpose: 'Compares the manifest with every object of the snapshot, and lists the parts that are to be read again.',
  event: inRun(z.strictObject({ snapshot: z.string() })),
  needs: ['objects', 'environment', 'signal'],
  run: async ({ run, input }, { objects, environment, signal }) => {
    const snapshot = input.snapshot as SnapshotId
    const manifest = await readManifest(objects, { plan: run.plan, snapshot, environment })
    const { objects: count, bytes } = await verifyObjects(objects, manifest, { depth: 'lengths', signal })
    const key = verifyKey(run.incident, snapshot)
    await writeJson(
      objects,
      key,
      manifest.tables.flatMap(({ parts }) => parts),
    )
    return {
      changed: false,
      detail: `${count} objects are there as the manifest says; their ${bytes} bytes are read again`,
      progress: { total: bytes },
      verifying: { parts: key },
    }
  },
})
