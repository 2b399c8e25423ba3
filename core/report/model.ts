import { z } from 'zod'
import { JOINED_WHY } from '#core/incident/joined.ts'
import { PATHS } from '#core/names.ts'

export const OUTCOMES = ['rolled-back', 'restored', 'nothing-to-do', 'drill-passed', 'needs-human'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Where a line of the timeline belongs; decides its mark on the page, nothing else. */
export const TIMELINE_KINDS = [
  'signal',
  'contain',
  'evidence',
  'step',
  'check',
  'approval',
  'notice',
  'problem',
  'end',
] as const

const At = z.iso.datetime({ offset: true })
const Sha = z.string().regex(/^[0-9a-f]{64}$/)
const Milliseconds = z.number().nonnegative()
const Count = z.int().nonnegative()

/** One visit of a state, in the order in which they were entered; `ms` is null while it has not ended. */
const VisitedState = z.strictObject({
  name: z.string(),
  startedAt: At,
  ms: Milliseconds.nullable(),
  /** Calls of the state's task; 1 when it was not retried. */
  attempts: z.int().positive(),
  status: z.enum(['succeeded', 'failed', 'running']),
  error: z.string().nullable(),
})
export type VisitedState = z.infer<typeof VisitedState>

const Check = z.strictObject({
  name: z.string(),
  status: z.enum(['pass', 'fail', 'unknown']),
  /** What was seen. */
  detail: z.string(),
  /** What the check asks, in the words of the plan. */
  describe: z.string(),
})
export type Check = z.infer<typeof Check>

/** A table as the sealed manifest has it: bytes as stored, digest over its rows. */
const SnapshotTable = z.strictObject({ schema: z.string(), name: z.string(), rows: Count, bytes: Count, sha256: Sha })

const Snapshot = z.strictObject({
  id: z.string(),
  tables: z.array(SnapshotTable),
  /** null: not sealed, so nothing can be restored from it. */
  sealedAt: At.nullable(),
})

const Retirement = z.strictObject({
  id: z.string(),
  /** The names that the application knew. */
  tables: z.array(z.strictObject({ schema: z.string(), name: z.string() })),
  retiredAt: At,
  /** The command that moves the tables back. */
  undo: z.string(),
  /** null: kept until somebody asks for the purge. */
  purgeDue: At.nullable(),
})

const Budget = z.strictObject({
  /** `contained` and `total` also stand beside the figures on top of the page. */
  name: z.string(),
  limitMs: Milliseconds,
  /** null together with `met: null`: it was not measured. */
  actualMs: Milliseconds.nullable(),
  met: z.boolean().nullable(),
})
export type Budget = z.infer<typeof Budget>

/**
 * All that is told about one run of the state machine. Times are ISO 8601, `ms` milliseconds, `seconds` seconds. In
 * `loss`, `next`, `timeline[].text` and `followUps[].text`, what stands between backticks is a command.
 */
export const RunReport = z.strictObject({
  version: z.literal(1),
  outcome: z.enum(OUTCOMES),
  plan: z.string(),
  /** What the plan protects, as the head of a sentence: "Vector search". */
  planTitle: z.string(),
  planDigest: Sha,
  path: z.enum(PATHS),
  /** Of the path partial, where one was chosen. */
  scenario: z.string().optional(),
  incident: z.string(),
  execution: z.string(),
  environment: z.string(),
  drill: z.boolean(),
  reason: z.string(),
  /** What people call the incident by, where the plan numbers them. */
  number: z.string().nullable().default(null),
  /** What the alarm said when it went off. */
  symptoms: z.string().nullable().default(null),
  /** What is in service after a return to an earlier version, as the step says. */
  inService: z.string().nullable().default(null),
  impact: z
    .strictObject({
      users: z.string().nullable(),
      services: z.array(z.string()),
      workaround: z.string().nullable(),
      /** How many, and who, as the evidence has them. */
      affected: z.string().nullable(),
    })
    .default({ users: null, services: [], workaround: null, affected: null }),
  startedBy: z.strictObject({ kind: z.enum(['alarm', 'person', 'drill']), detail: z.string() }),
  signal: z.strictObject({ name: z.string(), severity: z.string(), alarm: z.string().nullable(), at: At }).nullable(),
  /** What came while this run went on and got no run of its own, oldest first. `signal` is null for a person. */
  joined: z
    .array(
      z.strictObject({
        at: At,
        incident: z.string(),
        why: z.enum(JOINED_WHY),
        path: z.enum(PATHS),
        reason: z.string(),
        signal: z.strictObject({ name: z.string(), severity: z.string(), alarm: z.string(), at: At }).nullable(),
      }),
    )
    .default([]),
  /** Worse paths that took the place of the one before; `path` is the last of them. */
  escalations: z
    .array(z.strictObject({ at: At, from: z.enum(PATHS), to: z.enum(PATHS), by: z.string(), reason: z.string() }))
    .default([]),
  states: z.array(VisitedState),
  steps: z.array(
    z.strictObject({ kind: z.string(), startedAt: At, changed: z.boolean(), ms: Milliseconds, detail: z.string() }),
  ),
  checks: z.array(Check),
  /** Every look of the watch after the path, and of the steps of a ramp; `tier` counts from one. */
  watch: z
    .array(
      z.strictObject({
        at: At,
        after: z.string(),
        tier: z.int().positive(),
        status: z.enum(['pass', 'fail', 'unknown']),
        detail: z.string(),
      }),
    )
    .default([]),
  snapshot: Snapshot.nullable(),
  retirement: Retirement.nullable(),
  approvals: z.array(
    z.strictObject({
      purpose: z.string(),
      role: z.string(),
      name: z.string(),
      at: At,
      decision: z.enum(['approved', 'denied', 'void', 'timed-out']),
      /** What was approved: plan, catalogue fingerprint and snapshot in one digest. */
      digest: Sha,
    }),
  ),
  evidence: z.array(
    z.strictObject({
      name: z.string(),
      /** Key in the bucket; null when nothing could be kept. */
      key: z.string().nullable(),
      status: z.enum(['kept', 'unknown']),
      detail: z.string(),
    }),
  ),
  notifications: z.array(z.strictObject({ event: z.string(), subject: z.string(), delivered: z.boolean(), at: At })),
  problem: z.strictObject({ state: z.string(), error: z.string(), cause: z.string(), fix: z.string() }).nullable(),
  budgets: z.array(Budget),
  timeline: z.array(z.strictObject({ at: At, text: z.string(), kind: z.enum(TIMELINE_KINDS) })),
  seconds: z.strictObject({
    /** From the alarm (or the start) until the application obeyed; null when that was not seen. */
    contained: z.number().nonnegative().nullable(),
    total: z.number().nonnegative(),
  }),
  /** "no data lost", or what is gone and on whose approval. */
  loss: z.string(),
  next: z.array(z.string()),
  contacts: z.array(z.strictObject({ role: z.string(), name: z.string(), reach: z.string() })),
  followUps: z.array(z.strictObject({ text: z.string(), role: z.string(), due: z.string().nullable() })),
  createdAt: At,
})
export type RunReport = z.infer<typeof RunReport>
