import { z } from 'zod'
import { type IncidentId, PATHS, type PlanName, type Sha256 } from '#core/names.ts'

/**
 * Who started a run. `unknown`: a person, by a way that does not tell AWS's identity, such as the console of Step Functions.
 * `identity` is then what the start says of itself, if anything: it can take a vote away, and gives none.
 */
export const Starter = z.strictObject({
  kind: z.enum(['alarm', 'person', 'unknown']),
  identity: z.string().nullable(),
})
export type Starter = z.infer<typeof Starter>

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
  /** Of the path partial, where one was chosen. */
  scenario: z.string().optional(),
  drill: z.boolean(),
  /** Carried along and not read from the bucket: whoever can write there must not become somebody who did not start it. */
  startedBy: Starter.optional(),
})
export type Run = z.infer<typeof Run>
