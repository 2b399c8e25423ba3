import { readEvents } from '#core/incident/incident.ts'
import type { Problem } from '#core/incident/problem.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

/** All that a distributed Map says of an item that failed is that too many did. */
const TOO_MANY_FAILED = 'States.ExceedToleratedFailureThreshold'

/** The problem in the words of the step that failed, where the state machine does not have them and the record does. */
export const explained = async (problem: Problem, objects: Objects, id: IncidentId): Promise<Problem> => {
  if (problem.error !== TOO_MANY_FAILED) return problem
  const events = await readEvents(objects, id).catch(() => [])
  const failed = events.filter(({ error }) => error !== undefined).at(-1)
  if (!failed?.error) return problem
  const { name } = failed.error
  return { ...problem, error: name, cause: failed.detail.replace(`failed: ${name}: `, '') }
}
