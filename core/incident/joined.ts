import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { Request } from '#core/incident/request.ts'
import { readAllJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

/**
 * Why a request has no incident of its own. `running`: another run of the plan goes on. `cooldown`: one has just ended.
 * `breaker`: there were too many in a day, and a person has to look first.
 */
export const JOINED_WHY = ['running', 'cooldown', 'breaker'] as const
export type JoinedWhy = (typeof JOINED_WHY)[number]

/** `incidents/<id>/joined/<execution>.json`: a request that belongs to a run which was there before. Written once. */
export const Joined = z.strictObject({
  at: z.string(),
  /** The execution that brought it. */
  incident: z.string(),
  why: z.enum(JOINED_WHY).default('running'),
  request: Request,
})
export type Joined = z.infer<typeof Joined>

export const recordJoined = async (objects: Objects, id: IncidentId, joined: Joined): Promise<void> => {
  await writeJson(objects, `${keys.joined(id)}${joined.incident}.json`, joined, { ifAbsent: true })
}

/** In the order in which they came. */
export const readJoined = async (objects: Objects, id: IncidentId): Promise<Joined[]> =>
  (await readAllJson(objects, keys.joined(id)))
    .map(({ value }) => Joined.parse(value))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
