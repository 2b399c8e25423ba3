import type { IncidentId } from '#core/names.ts'

/** The layout of the bucket; snapshots and restores name their own keys. */
export const keys = {
  lease: (plan: string) => `leases/${plan}.json`,
  /** Of one plan, or `all`. */
  switch: (of: string) => `switch/${of}.json`,
  incident: (id: IncidentId) => `incidents/${id}/incident.json`,
  events: (id: IncidentId) => `incidents/${id}/events/`,
  joined: (id: IncidentId) => `incidents/${id}/joined/`,
  course: (id: IncidentId) => `incidents/${id}/course.json`,
  /** Not below the incident: rules of the bucket go by prefixes, and this may hold personal data. */
  evidence: (id: IncidentId) => `evidence/${id}/`,
  /** What the database showed: of who preserves it alone, and apart from the rows that others capture. */
  seen: (id: IncidentId) => `evidence/${id}/seen/`,
  /** Rows as they were before a step changed them. */
  captured: (id: IncidentId) => `evidence/${id}/captured/`,
  drains: (id: IncidentId) => `incidents/${id}/drains/`,
  checks: (id: IncidentId) => `incidents/${id}/checks/`,
  /** What was asked outside the database last, for one verification of the state machine. */
  outside: (id: IncidentId, moment: string) => `incidents/${id}/outside/${moment}.json`,
  /** What a check has created in the application and not removed yet. */
  testData: (id: IncidentId, check: string) => `incidents/${id}/test-data/${check}.json`,
  looks: (id: IncidentId) => `incidents/${id}/watch/`,
  reEnabling: (id: IncidentId) => `incidents/${id}/re-enable.json`,
  /** Webhooks that steps have called. */
  calls: (id: IncidentId) => `incidents/${id}/calls/`,
  /** Commands on instances. */
  commands: (id: IncidentId) => `incidents/${id}/commands/`,
  leftOpen: (id: IncidentId) => `incidents/${id}/left-open/`,
  messages: (id: IncidentId) => `incidents/${id}/messages/`,
  approval: (id: IncidentId, purpose: string) => `incidents/${id}/approvals/${purpose}/`,
  decided: (id: IncidentId) => `incidents/${id}/decided/`,
  human: (id: IncidentId) => `incidents/${id}/human/`,
  /** Of a run that could not be opened: it has no lease by which it would be found. */
  unopened: (id: IncidentId) => `unopened/${id}.json`,
  allUnopened: 'unopened/',
  replaced: (id: IncidentId) => `incidents/${id}/replaced.json`,
  purged: (id: IncidentId) => `incidents/${id}/purged.json`,
  report: (id: IncidentId, extension: 'json' | 'md' | 'html') => `incidents/${id}/report.${extension}`,
  retirements: (plan: string) => `retirements/${plan}/`,
  retirement: (plan: string, id: string) => `retirements/${plan}/${id}.json`,
  runs: (plan: string) => `runs/${plan}/`,
  breaker: (plan: string) => `breaker/${plan}.json`,
  lastDrill: (plan: string) => `drills/${plan}/last.json`,
  droppedIndexes: (plan: string) => `indexes/${plan}/`,
}

export const isEvidenceKey = (key: string): boolean => key.startsWith('evidence/')
