import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import type { SnapshotId } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import type { RestoreInput } from '#core/restore/prepare.ts'

/** The choice of *Choose what to restore*, when it fell on a snapshot. */
export const FromSnapshot = z.strictObject({
  restore: z.looseObject({ snapshot: z.string(), acceptDrift: z.boolean().optional() }),
})

/** Names the restore. */
export const restoreInput = (
  run: Run,
  input: { readonly restore: { readonly snapshot: string } },
  environment: string,
): RestoreInput => ({
  plan: run.plan,
  incident: run.incident,
  snapshot: input.restore.snapshot as SnapshotId,
  environment,
})

/** What may be set aside for it. */
export const setAsideOptions = (plan: Plan, { restore }: z.infer<typeof FromSnapshot>) => ({
  allow: plan.paths.full?.allow ?? [],
  acceptDrift: restore.acceptDrift ?? false,
})
