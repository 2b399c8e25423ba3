import type { IncidentId } from '#core/names.ts'

/** Where an incident keeps what it found of a workload, and what it began with it. */
export const workloadKeys = {
  found: (id: IncidentId, step: string) => `incidents/${id}/platform/${step}.json`,
  begun: (id: IncidentId, step: string) => `incidents/${id}/platform/${step}-begun.json`,
}
