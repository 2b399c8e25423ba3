/** What stands where nobody knows the value: better than an empty line, which reads as "none". */
export const NOT_KNOWN = 'not known'

/** The placeholders that a template may have, and what stands there when it is sent. */
export const PLACEHOLDERS = {
  plan: 'Name of the plan.',
  title: 'Title of the plan.',
  environment: 'Environment.',
  incident: 'Id of the incident.',
  path: 'The path taken: how far the rollback goes.',
  severity: 'Severity of the signal.',
  signal: 'Name of the signal, or "a person".',
  signals: 'All signals that the run has seen: name, severity, alarm and time of each.',
  reason: 'What the signal means, or the reason that a person gave.',
  symptoms: 'What the alarm said when it went off.',
  detection: 'How it was noticed: an alarm, or a person.',
  detected: 'When it was noticed, ISO 8601.',
  flags: 'Flags and their values.',
  tables: 'Tables that the path concerns.',
  rows: 'Number of rows concerned.',
  written: 'Number of rows that the snapshot does not have: written since.',
  diff: 'How what is there differs from the snapshot.',
  bytes: 'Size of what is concerned, for people.',
  snapshot: 'Id of the snapshot.',
  checks: 'Checks and their results.',
  phase: 'The step that runs now, or ran last.',
  status: 'How it stands, in one line.',
  actions: 'What was done so far, one action a line.',
  roles: 'Roles of people that are asked.',
  contact: 'Whom to reach first, and how.',
  contacts: 'Whom to reach, and how.',
  alternatives: 'What people can choose, with the commands, one choice a line.',
  deadline: 'When the time given ends, ISO 8601.',
  eta: 'When the path is to be finished by its budget, ISO 8601.',
  'next-update': 'When the next update is sent, ISO 8601.',
  next: 'What to do now, and how.',
  command: 'The command that answers.',
  link: 'The page of the execution in the console.',
  error: 'Name and text of the error.',
  report: 'Where the report lies.',
  time: 'When this is sent, UTC.',
  date: 'The day on which this is sent, UTC.',
  started: 'When it started, ISO 8601.',
  ended: 'When it ended, ISO 8601.',
  duration: 'How long it took.',
  minutes: 'How many minutes it took.',
  outcome: 'How the run ended.',
  loss: 'Whether data was lost, and on whose approval.',
  impact: 'What users notice, as the plan says.',
  services: 'Services concerned, as the plan says.',
  workaround: 'What users can do meanwhile, as the plan says.',
  support: "The vendor's support addresses.",
  'users-affected': 'Who is concerned: how many, and by name, where the plan lists them (impact.affected).',
  revenue: 'What it costs: for people to say.',
  version: 'Version that a return to an earlier one has put in service.',
  cause: 'The root cause: for people to say.',
  redeployment: 'When the change is deployed again: for people to say.',
} as const
export type Placeholder = keyof typeof PLACEHOLDERS

export const isPlaceholder = (name: string): name is Placeholder => Object.hasOwn(PLACEHOLDERS, name)

/** Values by placeholder; what is left out is not known. */
export type Values = Readonly<Partial<Record<Placeholder, string>>>
