import { z } from 'zod'
import { type IncidentId, PATHS, type PlanName, type Sha256 } from '#core/names.ts'

/**
 * What every state of one run carries: made by *Open incident*, small, and the same until the end. `epoch` is the
 * lease's: a holder with an older one may not mutate.
 */
export const Run = z.strictObject({
  plan: z.string().transform((name) => name as PlanName),
  planDigest: z.string().transform((digest) => digest as Sha256),
  incident: z.string().transform((id) => id as IncidentId),
  /** ARN of the execution; the lease's liveness. */
  execution: z.string(),
  epoch: z.int().positive(),
  path: z.enum(PATHS),
  drill: z.boolean(),
})
export type Run = z.infer<typeof Run>
