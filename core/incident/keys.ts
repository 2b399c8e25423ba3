import type { IncidentId } from '#core/names.ts'

/** The layout of the bucket; snapshots and restores name their own keys. */
export const keys = {
  lease: (plan: string) => `leases/${plan}.json`,
  incident: (id: IncidentId) => `incidents/${id}/incident.json`,
  events: (id: IncidentId) => `incidents/${id}/events/`,
  joined: (id: IncidentId) => `incidents/${id}/joined/`,
  evidence: (id: IncidentId) => `incidents/${id}/evidence/`,
  checks: (id: IncidentId) => `incidents/${id}/checks/`,
  messages: (id: IncidentId) => `incidents/${id}/messages/`,
  approval: (id: IncidentId, purpose: string) => `incidents/${id}/approvals/${purpose}/`,
  decided: (id: IncidentId) => `incidents/${id}/decided/`,
  human: (id: IncidentId) => `incidents/${id}/human/`,
  replaced: (id: IncidentId) => `incidents/${id}/replaced.json`,
  purged: (id: IncidentId) => `incidents/${id}/purged.json`,
  report: (id: IncidentId, extension: 'json' | 'md' | 'html') => `incidents/${id}/report.${extension}`,
  retirements: (plan: string) => `retirements/${plan}/`,
  retirement: (plan: string, id: string) => `retirements/${plan}/${id}.json`,
  droppedIndexes: (plan: string) => `indexes/${plan}/`,
}
