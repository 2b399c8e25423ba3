import { z } from 'zod'
import type { SnapshotId } from '#core/names.ts'
import { readManifest } from '#core/snapshot/manifest.ts'
import { verifySnapshot as verifyObjects } from '#core/snapshot/verify.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const verifySnapshot = defineStep({
  kind: 'verify-snapshot',
  purpose: 'Reads every part of the snapshot again and compares its digests with the manifest.',
  event: inRun(z.strictObject({ snapshot: z.string() })),
  needs: ['objects', 'environment', 'signal'],
  run: async ({ run, input }, { objects, environment, signal }) => {
    const manifest = await readManifest(objects, {
      plan: run.plan,
      snapshot: input.snapshot as SnapshotId,
      environment,
    })
    const verified = await verifyObjects(objects, manifest, { depth: 'digests', signal })
    return { changed: false, detail: `${verified.objects} objects, ${verified.bytes} bytes as the manifest says` }
  },
})
