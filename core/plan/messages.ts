import { z } from 'zod'

/** What people are told of, and when. */
export const EVENTS = {
  monitor: 'A signal asks for watching only.',
  observed: 'What a signal would lead to, in an environment that only observes. Nothing is changed.',
  contained: 'The flags are at their safe values, or could not be set.',
  started: 'A path begins after containment.',
  'proceed-needed': 'A person must say whether the path goes on after containment.',
  'approval-needed': 'A person must approve before retired tables are destroyed.',
  'replace-needed': 'A person must say whether a snapshot takes the place of what was there, and of how many rows.',
  're-enable-needed': 'A person must say whether the flags may be on again.',
  'rolled-back': 'A rollback ended, its checks passed.',
  purged: 'Retired tables were destroyed after approval.',
  restored: 'Tables are back, their checks passed.',
  're-enabled': 'The flags are on again.',
  'needs-human': 'It cannot go on by itself; the system stays contained.',
  escalated: 'A worse path takes the place of the one that ran, or an approval or a watch ran out of time.',
  'held-back': 'An alarm contained and may do no more: a restore or a purge goes on, or the breaker is open.',
  report: 'The report is written.',
  users: 'Text for the users of the system: status page, notice in the application, direct message.',
} as const
export type MessageEvent = keyof typeof EVENTS

/** The placeholders that a template may have, and what stands there when it is sent. */
export const PLACEHOLDERS = {
  plan: 'Name of the plan.',
  title: 'Title of the plan.',
  environment: 'Environment.',
  incident: 'Id of the incident.',
  path: 'The path taken.',
  severity: 'Severity of the signal.',
  signal: 'Name of the signal, or "a person".',
  signals: 'All signals that the run has seen: name, severity, alarm and time of each.',
  reason: 'What the signal means, or the reason that a person gave.',
  flags: 'Flags and their values.',
  tables: 'Tables that the path concerns.',
  rows: 'Number of rows concerned.',
  written: 'Number of rows that the snapshot does not have: written since.',
  diff: 'How what is there differs from the snapshot.',
  bytes: 'Size of what is concerned, for people.',
  snapshot: 'Id of the snapshot.',
  checks: 'Checks and their results.',
  roles: 'Roles of people that are asked.',
  deadline: 'When the time given ends, ISO 8601.',
  next: 'What to do now, and how.',
  error: 'Name and text of the error.',
  report: 'Where the report lies.',
  started: 'When it started, ISO 8601.',
  duration: 'How long it took.',
  contacts: 'Whom to reach, and how.',
  support: "The vendor's support addresses.",
} as const
export type Placeholder = keyof typeof PLACEHOLDERS

const isPlaceholder = (name: string): name is Placeholder => Object.hasOwn(PLACEHOLDERS, name)
const BRACED = /\{([^{}]*)\}/g

/** The names between braces that are no placeholders. */
export const unknownPlaceholders = (text: string): string[] =>
  [...text.matchAll(BRACED)].map((match) => match[1] ?? '').filter((name) => !isPlaceholder(name))

const Template = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    for (const name of unknownPlaceholders(text)) {
      context.addIssue({
        code: 'custom',
        message: `"{${name}}" is not a placeholder.`,
        params: {
          fix: `Use one of ${Object.keys(PLACEHOLDERS)
            .map((known) => `{${known}}`)
            .join(', ')}.`,
        },
      })
    }
  })

export const Message = z.strictObject({
  subject: Template.refine((text) => !/[\r\n]/.test(text), 'A subject has one line.').describe(
    'One line. What is sent is cut at 100 characters (the limit of SNS).',
  ),
  body: Template.describe('Plain text with {placeholders}.'),
})
export type Message = z.output<typeof Message>

const isEvent = (name: string): name is MessageEvent => Object.hasOwn(EVENTS, name)

export const Messages = z
  .strictObject({
    monitor: Message.optional().describe(EVENTS.monitor),
    observed: Message.optional().describe(EVENTS.observed),
    contained: Message.optional().describe(EVENTS.contained),
    started: Message.optional().describe(EVENTS.started),
    'proceed-needed': Message.optional().describe(EVENTS['proceed-needed']),
    'replace-needed': Message.optional().describe(EVENTS['replace-needed']),
    're-enable-needed': Message.optional().describe(EVENTS['re-enable-needed']),
    'approval-needed': Message.optional().describe(EVENTS['approval-needed']),
    'rolled-back': Message.optional().describe(EVENTS['rolled-back']),
    purged: Message.optional().describe(EVENTS.purged),
    restored: Message.optional().describe(EVENTS.restored),
    're-enabled': Message.optional().describe(EVENTS['re-enabled']),
    'needs-human': Message.optional().describe(EVENTS['needs-human']),
    escalated: Message.optional().describe(EVENTS.escalated),
    'held-back': Message.optional().describe(EVENTS['held-back']),
    report: Message.optional().describe(EVENTS.report),
    users: Message.optional().describe(EVENTS.users),
  })
  .describe('What is sent when. An event without a template is sent in plain words.')

/** SNS refuses subjects that are longer or not ASCII. */
const subjectOf = (text: string): string => {
  const ascii = text.replaceAll(/[^\x20-\x7e]/g, '?')
  return ascii.length <= 100 ? ascii : `${ascii.slice(0, 97)}...`
}

/** Fills the template of an event; a placeholder without a value becomes "-". `null` when the plan has no template for it. */
export const renderMessage = (
  messages: z.output<typeof Messages>,
  event: string,
  values: Readonly<Partial<Record<Placeholder, string>>>,
): Message | null => {
  const template = isEvent(event) ? messages[event] : undefined
  if (template === undefined) return null
  const fill = (text: string): string =>
    text.replaceAll(BRACED, (braced, name: string) => (isPlaceholder(name) ? (values[name] ?? '-') : braced))
  return { subject: subjectOf(fill(template.subject)), body: fill(template.body) }
}
