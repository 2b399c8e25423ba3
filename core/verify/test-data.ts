import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

const Left = z.strictObject({
  /** When the request was about to be sent, ISO 8601. */
  at: z.string(),
  /** What the service calls it; `null` while that is not known. */
  created: z.string().nullable(),
})
export type Left = z.output<typeof Left>

/** `incidents/<id>/test-data/<check>.json`: what a check has created, or may have, and nobody has removed. */
const TestData = z.strictObject({ tag: z.string(), left: z.array(Left) })

/** What every text with `{tag}` carries, so that people find what was left behind in spite of everything. */
export const tagOf = (incident: IncidentId, check: string): string => `vector-rollback-${incident}-${check}`

export const readLeft = async (objects: Objects, incident: IncidentId, check: string): Promise<Left[]> => {
  const found = await readJson(objects, keys.testData(incident, check))
  return found === null ? [] : TestData.parse(found.value).left
}

/** One function at a time asks the checks of an incident, so that nothing is lost between two writes. */
export const writeLeft = async (
  objects: Objects,
  incident: IncidentId,
  check: string,
  left: readonly Left[],
): Promise<void> => {
  await writeJson(objects, keys.testData(incident, check), { tag: tagOf(incident, check), left })
}
