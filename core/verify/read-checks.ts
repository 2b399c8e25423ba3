import { keys } from '#core/incident/keys.ts'
import { readAllJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import { CheckResult } from '#core/verify/verification.ts'

/** Begins the names of the checks that say who obeys a flag. */
export const DELIVERY_OF = 'delivery of '

/** The newest answer of each check of a run: a retry by a person asks them again. */
export const readChecks = async (objects: Objects, id: IncidentId): Promise<CheckResult[]> => {
  const newest = new Map<string, CheckResult>()
  for (const { value } of await readAllJson(objects, keys.checks(id)))
    for (const check of CheckResult.array().parse(value)) newest.set(check.name, check)
  return [...newest.values()]
}
