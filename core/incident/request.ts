import { z } from 'zod'
import { PATHS } from '#core/names.ts'
import { AutonomyName } from '#core/plan/autonomy.ts'

/** The signal that started a run, as `on-alarm` read it. */
export const Signal = z.strictObject({
  name: z.string(),
  severity: z.enum(['critical', 'high', 'medium', 'low']),
  alarm: z.string(),
  /** ISO 8601: when the alarm changed its state. */
  at: z.string(),
  reason: z.string(),
})
export type Signal = z.infer<typeof Signal>

/** What `on-alarm` decided about a signal: the row, counted from 1, whom it asks, and how far the run may go by itself. */
export const Decided = z.strictObject({
  row: z.int().positive(),
  autonomy: AutonomyName,
  approve: z.array(z.string()),
})
export type Decided = z.infer<typeof Decided>

/**
 * The input of the state machine. By hand: plan, path and reason; for a restore also which snapshot, for a partial path also which scenario, and nothing more. `on-alarm` adds the signal and what it decided, a drill says
 * that it is one.
 */
export const Request = z.strictObject({
  plan: z.string().min(1),
  path: z.enum(PATHS),
  /** Path partial only: which of its scenarios. */
  scenario: z.string().min(1).optional(),
  reason: z.string().min(1).max(2000),
  signal: Signal.optional(),
  decided: Decided.optional(),
  drill: z.boolean().optional(),
  /** Who starts it, by the identity that would answer: kept from approving. Says nothing about how many others must. */
  startedBy: z.string().min(1).max(300).optional(),
  /** Path restore only: a certain snapshot, also over tables that are there. They are set aside, counted, and asked about. */
  snapshot: z.string().min(1).optional(),
  /** Path restore only: the tables that are there may have other columns and constraints than the snapshot. */
  'accept-drift': z.boolean().optional(),
  /** `false`: nobody watches after the path; the report and the question about re-enabling say so. */
  watch: z.literal(false).optional(),
})
export type Request = z.infer<typeof Request>

/** What the state machine says of itself. `startedAt` is ISO 8601. */
export const Execution = z.strictObject({ id: z.string(), name: z.string().max(80) })
