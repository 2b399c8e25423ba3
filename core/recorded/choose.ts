import { z } from 'zod'
import { newestChange } from '#core/decide/change.ts'
import { RollbackError } from '#core/errors.ts'
import { type Incident, readIncident } from '#core/incident/incident.ts'
import type { Run } from '#core/incident/run.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'
import { recordedKeys } from '#core/recorded/keys.ts'
import { type Recorded, readRecord } from '#core/recorded/record.ts'

/** How far back a change counts as the beginning of an incident where the plan gives no window of its own. */
const WINDOW_MS = 24 * 3_600_000

/** `incidents/<id>/recorded.json`. */
const Chosen = z.strictObject({
  key: z.string(),
  /** ISO 8601: only what was recorded until then was taken for good, and why then. */
  before: z.string(),
  because: z.string(),
})
type Chosen = z.infer<typeof Chosen>

/** From when on the state can no longer be taken for good. */
const limitOf = async (plan: Plan, incident: Incident, objects: Objects): Promise<Omit<Chosen, 'key'>> => {
  const { signal, startedAt } = incident
  const began = [startedAt, ...(signal ? [signal.at] : [])]
    .map((at) => new Date(at).toISOString())
    .sort()
    .slice(0, 1)
  const at = began[0] ?? startedAt
  const change = await newestChange(objects, plan.name, { at, window: plan.change?.window ?? WINDOW_MS })
  return change
    ? { before: change.at, because: `the ${change.kind} "${change.reference}" of ${change.at}` }
    : { before: at, because: `the beginning of the incident at ${at}` }
}

const timeOf = (key: string): number => Date.parse(key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, ''))

const newestUntil = async (objects: Objects, plan: string, before: string): Promise<string | null> => {
  let newest: { key: string; time: number } | null = null
  for await (const { key } of objects.list(recordedKeys.records(plan))) {
    const time = timeOf(key)
    if (time <= Date.parse(before) && (newest === null || time >= newest.time)) newest = { key, time }
  }
  return newest?.key ?? null
}

const choose = async (run: Run, plan: Plan, objects: Objects): Promise<Chosen> => {
  const incident = await readIncident(objects, run.incident)
  if (!incident)
    throw new RollbackError('Recorded.NoIncident', `There is no record of incident "${run.incident}".`, {
      fix: 'Nobody knows what was there before it: start the path again.',
      category: 'refused',
    })
  const limit = await limitOf(plan, incident, objects)
  const key = await newestUntil(objects, plan.name, limit.before)
  if (key !== null) return { key, ...limit }
  throw new RollbackError(
    'Recorded.None',
    `Nothing was recorded of plan "${plan.name}" before ${limit.because}: what was good is not known.`,
    {
      fix: `Nothing was changed. Put the configuration back by hand, or choose another path; from now on let CI run "vector-rollback record ${plan.name}" before each deployment.`,
      category: 'refused',
    },
  )
}

/**
 * The good state that an incident goes back to: the newest record from before it began and, where a change is known that may
 * have caused it, from before that change. Chosen once for each incident. Throws `Recorded.*`.
 */
export const recordedFor = async (
  run: Run,
  plan: Plan,
  objects: Objects,
): Promise<{ readonly key: string; readonly record: Recorded }> => {
  const key = recordedKeys.chosen(run.incident)
  const earlier = await readJson(objects, key)
  const chosen = earlier ? Chosen.parse(earlier.value) : await choose(run, plan, objects)
  if (!earlier && !(await writeJson(objects, key, chosen, { ifAbsent: true }))) return recordedFor(run, plan, objects)
  const record = await readRecord(objects, chosen.key)
  if (record) return { key: chosen.key, record }
  throw new RollbackError('Recorded.Unreadable', `"${chosen.key}", which this incident goes back to, is gone.`, {
    fix: 'Records are never deleted by this project: look who did. Put the configuration back by hand, or choose another path.',
    category: 'refused',
  })
}

/** What a step asks of a record that was made for an earlier plan. */
export const notLookedAt = (what: string, { key, record }: { key: string; record: Recorded }): RollbackError =>
  new RollbackError('Recorded.NotLookedAt', `The record "${key}" of ${record.at} says nothing of ${what}.`, {
    fix: `The plan named it later. Nothing was changed: put it back by hand, or leave it out; "vector-rollback record ${record.plan}" before the next deployment looks at it.`,
    category: 'refused',
  })
