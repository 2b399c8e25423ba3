import type { IncidentId } from '#core/names.ts'

/** Where the good state is kept, and what an incident took and changed of it. */
export const recordedKeys = {
  records: (plan: string) => `recorded/${plan}/`,
  /** `at` in ISO 8601, in UTC: keys sort by time. */
  record: (plan: string, at: string) => `recorded/${plan}/${at}.json`,
  /** Which record an incident goes back to: the same for all of its steps. */
  chosen: (id: IncidentId) => `incidents/${id}/recorded.json`,
  /** What a step found, before it changed anything. */
  found: (id: IncidentId, digest: string) => `incidents/${id}/config/${digest.slice(0, 20)}.json`,
}
