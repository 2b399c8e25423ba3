import { z } from 'zod'
import { isPlaceholder, NOT_KNOWN, PLACEHOLDERS, type Values } from './placeholders.ts'

export type { Placeholder } from './placeholders.ts'

/** What people are told of, and when: every transition and every outcome, the failures before a run begins included. */
export const EVENTS = {
  monitor: 'A signal asks for watching only.',
  observed: 'What a signal would lead to, in an environment that only observes. Nothing is changed.',
  'no-data': 'An alarm has had no data for long: nobody would see what it is for.',
  'probe-failed': 'The probes did not run: what only they measure is not seen.',
  'observe-report': 'The week: what alarms led to, or would have led to, and how long before people did.',
  contained: 'The flags are at their safe values.',
  'not-contained': 'The flags could not be set: the system is NOT contained.',
  started: 'A path begins after containment.',
  joined: 'Another signal has joined a run that goes on.',
  worse: 'It got worse: a worse path follows the one that ran, or is demanded of it.',
  'not-followed': 'Consumers of a flag do not obey its safe value in the time that they are given.',
  'proceed-needed': 'A person must say whether the path goes on after containment.',
  'approval-needed': 'A person must approve before retired tables are destroyed.',
  'replace-needed': 'A person must say whether a snapshot takes the place of what was there, and of how many rows.',
  're-enable-needed': 'A person must say whether the flags may be on again.',
  reminder: 'A question to people is still open, and its time runs out.',
  escalated: 'Nobody has answered for long, or a path takes longer than it may: a rung of the ladder.',
  update: 'The incident is still open; sent again and again while it is.',
  'rolled-back': 'A rollback ended, its checks passed.',
  purged: 'Retired tables were destroyed after approval.',
  restored: 'Tables are back, their checks passed.',
  're-enabled': 'The flags are on again.',
  'nothing-to-do': 'A run ended without having anything to do.',
  'needs-human': 'It cannot go on by itself; the system stays contained.',
  'held-back':
    'An alarm contained and may do no more: a restore, a purge or another scenario goes on, or the breaker is open.',
  'handed-over': 'A person has closed a run that could not go on; the system stays contained.',
  'no-answer': 'Nobody answered in time, and the run has failed; the system stays contained.',
  stopped:
    'A run was stopped or ran out of its time before it had ended; the system stays contained, unless it was enabling the feature again.',
  'not-started': 'The state machine could not be started, or a run could not be opened.',
  report: 'The report is written.',
  users:
    'Text for the users of the system: status page, notice in the application, direct message. Sent with each update.',
  'users-resolved': 'Text for the users of the system when the feature is back.',
} as const
export type MessageEvent = keyof typeof EVENTS

/** Whether people have to do something; decides what pagers filter on. Everything else is for information. */
export const SEVERITY_OF: Readonly<Partial<Record<MessageEvent, 'critical' | 'warning'>>> = {
  'needs-human': 'critical',
  escalated: 'critical',
  'not-contained': 'critical',
  'no-answer': 'critical',
  stopped: 'critical',
  'not-started': 'critical',
  worse: 'critical',
  'held-back': 'critical',
  'not-followed': 'critical',
  monitor: 'warning',
  'no-data': 'warning',
  'probe-failed': 'warning',
  contained: 'warning',
  started: 'warning',
  reminder: 'warning',
  'approval-needed': 'warning',
  'proceed-needed': 'warning',
  'replace-needed': 'warning',
  're-enable-needed': 'warning',
}

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
    'no-data': Message.optional().describe(EVENTS['no-data']),
    'probe-failed': Message.optional().describe(EVENTS['probe-failed']),
    'observe-report': Message.optional().describe(EVENTS['observe-report']),
    contained: Message.optional().describe(EVENTS.contained),
    'not-contained': Message.optional().describe(EVENTS['not-contained']),
    started: Message.optional().describe(EVENTS.started),
    joined: Message.optional().describe(EVENTS.joined),
    worse: Message.optional().describe(EVENTS.worse),
    'not-followed': Message.optional().describe(EVENTS['not-followed']),
    'proceed-needed': Message.optional().describe(EVENTS['proceed-needed']),
    'approval-needed': Message.optional().describe(EVENTS['approval-needed']),
    'replace-needed': Message.optional().describe(EVENTS['replace-needed']),
    're-enable-needed': Message.optional().describe(EVENTS['re-enable-needed']),
    reminder: Message.optional().describe(EVENTS.reminder),
    escalated: Message.optional().describe(EVENTS.escalated),
    update: Message.optional().describe(EVENTS.update),
    'rolled-back': Message.optional().describe(EVENTS['rolled-back']),
    purged: Message.optional().describe(EVENTS.purged),
    restored: Message.optional().describe(EVENTS.restored),
    're-enabled': Message.optional().describe(EVENTS['re-enabled']),
    'nothing-to-do': Message.optional().describe(EVENTS['nothing-to-do']),
    'needs-human': Message.optional().describe(EVENTS['needs-human']),
    'held-back': Message.optional().describe(EVENTS['held-back']),
    'handed-over': Message.optional().describe(EVENTS['handed-over']),
    'no-answer': Message.optional().describe(EVENTS['no-answer']),
    stopped: Message.optional().describe(EVENTS.stopped),
    'not-started': Message.optional().describe(EVENTS['not-started']),
    report: Message.optional().describe(EVENTS.report),
    users: Message.optional().describe(EVENTS.users),
    'users-resolved': Message.optional().describe(EVENTS['users-resolved']),
  })
  .describe(
    'What is sent when. An event without a template is sent in plain words; texts for users are sent from a template only.',
  )

/** SNS refuses subjects that are longer or not ASCII. */
const subjectOf = (text: string): string => {
  const ascii = text.replaceAll(/[^\x20-\x7e]/g, '?')
  return ascii.length <= 100 ? ascii : `${ascii.slice(0, 97)}...`
}

/** A text with its placeholders filled; braces around anything else stay. */
export const fill = (text: string, values: Values): string =>
  text.replaceAll(BRACED, (braced, name: string) => (isPlaceholder(name) ? (values[name] ?? NOT_KNOWN) : braced))

/** Fills the template of an event; a placeholder without a value becomes "not known". `null` when the plan has no template for it. */
export const renderMessage = (messages: z.output<typeof Messages>, event: string, values: Values): Message | null => {
  const template = isEvent(event) ? messages[event] : undefined
  if (template === undefined) return null
  return { subject: subjectOf(fill(template.subject, values)), body: fill(template.body, values) }
}
