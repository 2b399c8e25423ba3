import { z } from 'zod'
import type { Round } from '#core/probe/round.ts'

const Limit = z.union([z.object({ above: z.number() }), z.object({ below: z.number() }), z.null()])
const Problem = z.object({ name: z.string(), message: z.string() }).nullable()
const RoundShape = z.object({
  plan: z.string().min(1),
  at: z.iso.datetime(),
  connectFailed: z.boolean(),
  error: Problem,
  results: z.array(
    z.object({
      signal: z.string(),
      value: z.number().nullable(),
      unit: z.string().nullable(),
      limit: Limit,
      breached: z.union([z.boolean(), z.literal('unknown')]),
      ms: z.number(),
      error: Problem,
    }),
  ),
}) satisfies z.ZodType<Round>

/**
 * What Lambda sends to the destination of an asynchronous invocation:
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
const Destination = z.object({
  version: z.literal('1.0'),
  timestamp: z.iso.datetime(),
  requestContext: z.object({
    functionArn: z.string(),
    condition: z.string().min(1),
  }),
  requestPayload: z.unknown().optional(),
  responsePayload: z.unknown().optional(),
})

const NamesPlan = z.object({ plan: z.string() })
const Thrown = z.object({ errorType: z.string().default('Error'), errorMessage: z.string().default('') })

/** How the probing function of an environment ended. */
export type Probed = { readonly environment: string; readonly at: string } & (
  | { readonly kind: 'measured'; readonly rounds: readonly Round[] }
  /** It crashed, ran out of time, or was not started in time. `plan` is `null` where it was about all of them. */
  | { readonly kind: 'failed'; readonly plan: string | null; readonly problem: string }
  /** It ended well, and what it gave cannot be read. */
  | { readonly kind: 'unreadable' }
)

/** By its name, as the deployment gives it: other functions may have the same destination. */
const PROBES = /:function:vector-rollback-(.+)-probe(:[^:]+)?$/

const problemOf = (condition: string, payload: unknown): string => {
  const thrown = Thrown.safeParse(payload).data
  return thrown ? `${thrown.errorType}: ${thrown.errorMessage}`.slice(0, 1000) : condition
}

/** Reads the destination event of the probing function; `null` for anything else. */
export const readProbed = (event: unknown): Probed | null => {
  const read = Destination.safeParse(event)
  if (!read.success) return null
  const { timestamp, requestContext, requestPayload, responsePayload } = read.data
  const [, environment] = PROBES.exec(requestContext.functionArn) ?? []
  if (environment === undefined) return null
  const about = { environment, at: timestamp }
  if (requestContext.condition !== 'Success') {
    const plan = NamesPlan.safeParse(requestPayload).data?.plan ?? null
    return { ...about, kind: 'failed', plan, problem: problemOf(requestContext.condition, responsePayload) }
  }
  const rounds = z.array(RoundShape).safeParse(responsePayload)
  return rounds.success ? { ...about, kind: 'measured', rounds: rounds.data } : { ...about, kind: 'unreadable' }
}
