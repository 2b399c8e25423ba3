import { z } from 'zod'
import { ERROR_CATEGORIES } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import { Decided, Signal } from '#core/incident/request.ts'
import { Starter } from '#core/incident/run.ts'
import { readAllJson, readJson, writeJson } from '#core/json.ts'
import { type IncidentId, PATHS } from '#core/names.ts'
import type { Clock, Objects } from '#core/ports.ts'

/** What containment did, as the state machine hands it on: containment itself never touches the bucket. */
export const Contained = z.strictObject({
  changed: z.boolean(),
  detail: z.string(),
  at: z.string(),
  flags: z.array(
    z.strictObject({
      name: z.string(),
      parameter: z.string(),
      before: z.string().nullable(),
      after: z.string(),
      version: z.int(),
    }),
  ),
})
export type Contained = z.infer<typeof Contained>

/** `incidents/<id>/incident.json`: how a run began. Written once. */
export const Incident = z.strictObject({
  incident: z.string().transform((id) => id as IncidentId),
  plan: z.string(),
  planDigest: z.string(),
  path: z.enum(PATHS),
  scenario: z.string().optional(),
  reason: z.string(),
  signal: Signal.nullable(),
  decided: Decided.nullable().optional(),
  drill: z.boolean(),
  /** The snapshot that was asked for. */
  snapshot: z.string().nullable().optional(),
  environment: z.string(),
  execution: z.string(),
  epoch: z.int(),
  startedAt: z.string(),
  startedBy: Starter.optional(),
  openedAt: z.string(),
  contained: Contained.nullable(),
  tookOver: z.string().nullable(),
})
export type Incident = z.infer<typeof Incident>

/** One step of a run, as it ended. */
const StepEvent = z.strictObject({
  kind: z.string(),
  startedAt: z.string(),
  ms: z.number(),
  changed: z.boolean(),
  detail: z.string(),
  /** Only of a step that failed: the name of its error, and what kind of trouble that is. */
  error: z.strictObject({ name: z.string(), category: z.enum(ERROR_CATEGORIES) }).optional(),
})
export type StepEvent = z.infer<typeof StepEvent>

export const readIncident = async (objects: Objects, id: IncidentId): Promise<Incident | null> => {
  const found = await readJson(objects, keys.incident(id))
  return found && Incident.parse(found.value)
}

/** A key per event, sorted by time, so that functions that run at once never overwrite each other. */
export const recordEvent = async (objects: Objects, id: IncidentId, event: StepEvent, call: string): Promise<void> => {
  await writeJson(objects, `${keys.events(id)}${event.startedAt}-${event.kind}-${call}.json`, event)
}

export const readEvents = async (objects: Objects, id: IncidentId): Promise<StepEvent[]> =>
  (await readAllJson(objects, keys.events(id))).map(({ value }) => StepEvent.parse(value))

/** A name for an object that sorts by time. */
export const stamp = (clock: Clock): string => clock.now().toISOString()
