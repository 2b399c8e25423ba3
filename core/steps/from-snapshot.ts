import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import type { SnapshotId } from '#core/names.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'

/** The choice of *Choose what to restore*, when it fell on a snapshot. */
export const FromSnapshot = z.strictObject({ restore: z.looseObject({ snapshot: z.string() }) })

/** Names the restore. */
export const restoreInput = (run: Run, input: z.infer<typeof FromSnapshot>, environment: string): RestoreInput => ({
  plan: run.plan,
  incident: run.incident,
  snapshot: input.restore.snapshot as SnapshotId,
  environment,
})
