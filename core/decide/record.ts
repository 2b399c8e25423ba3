import { z } from 'zod'
import { Change } from '#core/decide/change.ts'
import { daysBetween, decideKeys } from '#core/decide/keys.ts'
import { Contained } from '#core/incident/incident.ts'
import { readAllJson, readJson, writeJson } from '#core/json.ts'
import { AutonomyName } from '#core/plan/autonomy.ts'
import { DECIDED } from '#core/plan/decisions.ts'
import { SeverityName } from '#core/plan/vocabulary.ts'
import type { Objects, TimeWindow } from '#core/ports.ts'

/** `yes` and `no` as read, `unknown` what could not be read, `off` what the plan does not ask for. */
const Answer = z.enum(['yes', 'no', 'unknown', 'off'])

/** `decisions/<plan>/<ISO time>-<digest>.json`: what one change of one alarm led to, for one plan. All times are ISO 8601. */
export const DecisionRecord = z.strictObject({
  version: z.literal(1),
  plan: z.string(),
  environment: z.string(),
  event: z.strictObject({
    alarm: z.string(),
    state: z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']),
    /** When the alarm changed to this state. */
    at: z.string(),
    reason: z.string(),
  }),
  decidedAt: z.string(),
  /** The most severe signal that the alarm means. */
  signal: z.string(),
  severity: SeverityName,
  /** From 1; `null` when the state was not ALARM. */
  row: z.int().positive().nullable(),
  path: z.enum(DECIDED).nullable(),
  autonomy: z
    .strictObject({
      environment: AutonomyName,
      /** How far it went, and how far it would have gone if the environment allowed everything. */
      effective: AutonomyName,
      would: AutonomyName,
      /** Why no further. */
      why: z.array(z.string()),
    })
    .nullable(),
  /** Whether something was changed in the plan's window, and what. */
  change: z.strictObject({ recent: Answer, last: Change.nullable() }),
  /** Whether the path was drilled, and when it last passed. */
  drill: z.strictObject({ passed: Answer, at: z.string().nullable() }),
  /** What would be done at the rung `would`, sentence by sentence. */
  course: z.array(z.string()),
  done: z.strictObject({
    /** `observed` and `monitor` told people and did no more; `failed` comes again. */
    action: z.enum(['none', 'observed', 'monitor', 'started', 'joined', 'failed']),
    detail: z.string(),
    contained: Contained.nullable(),
    execution: z.string().nullable(),
    /** While people are being told, and when they had been. */
    telling: z.string().nullable(),
    told: z.string().nullable(),
  }),
})
export type DecisionRecord = z.infer<typeof DecisionRecord>

export const keyOf = ({ plan, event }: DecisionRecord): string =>
  decideKeys.decision(plan, { name: event.alarm, state: event.state, at: event.at })

/** Keeps a decision once for all copies of its event; only one that failed is replaced by what came of it later. */
export const recordDecision = async (objects: Objects, record: DecisionRecord): Promise<void> => {
  const key = keyOf(record)
  if (await writeJson(objects, key, record, { ifAbsent: true })) return
  const found = await readJson(objects, key)
  if (found && DecisionRecord.safeParse(found.value).data?.done.action === 'failed')
    await writeJson(objects, key, record, { ifMatch: found.etag })
}

/**
 * The decisions of a plan about alarms that changed in the window, both ends included, in the order of their changes. What is
 * no decision is left out.
 */
export const readDecisions = async (
  objects: Objects,
  plan: string,
  { from, to }: TimeWindow,
): Promise<DecisionRecord[]> => {
  const days = daysBetween(from, to).map((day) => readAllJson(objects, decideKeys.decisions(plan, day)))
  return (await Promise.all(days))
    .flat()
    .flatMap(({ value }) => DecisionRecord.safeParse(value).data ?? [])
    .filter(({ event }) => Date.parse(event.at) >= from.getTime() && Date.parse(event.at) <= to.getTime())
    .sort((a, b) => Date.parse(a.event.at) - Date.parse(b.event.at))
}
