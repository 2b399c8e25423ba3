import { EVENTS, type MessageEvent } from '#core/plan/messages.ts'
import { NOT_KNOWN, type Values } from '#core/plan/placeholders.ts'

/** Events that wait for somebody: whoever reads one has to find what to do, until when, and the command. */
const ASKS: ReadonlySet<MessageEvent> = new Set([
  'proceed-needed',
  'approval-needed',
  'replace-needed',
  're-enable-needed',
  'reminder',
  'escalated',
  'needs-human',
  'not-contained',
  'not-started',
  'no-answer',
  'stopped',
])

/** A paragraph under a heading; none without a text. */
const part = (title: string, lines: readonly (string | undefined | false)[]): string[] => {
  const text = lines.flatMap((line) => (line ? line.split('\n') : []))
  return text.length === 0 ? [] : [[title, ...text.map((line) => `  ${line}`)].join('\n')]
}

/** What to do now, by when, and how: the end of every message that asks for something. */
const toDo = (values: Values): string[] => [
  ...part('WHAT YOU MUST DO NOW', [values.next ?? NOT_KNOWN, values.alternatives]),
  ...part('BY WHEN', [values.deadline ?? NOT_KNOWN]),
  ...part('HOW', [values.command, values.link]),
  ...part('WHOM TO REACH', [values.contacts]),
]

/** The text of an event that the plan has no template for: readable at 3 a.m., in the order in which one asks. */
export const standardText = (event: MessageEvent, values: Values): string => {
  const { signal, severity, reason, error, flags, actions, detected } = values
  const about = [`Incident ${values.incident ?? 'none'}`, `plan ${values.plan}`, `environment ${values.environment}`]
  return [
    ...part('WHAT HAPPENED', [
      EVENTS[event],
      reason,
      error,
      signal && `Signal: ${signal} (${severity ?? NOT_KNOWN})${detected ? `, noticed ${detected}` : ''}`,
    ]),
    ...part('HOW IT STANDS', [values.status, values.checks && `Checks: ${values.checks}`, values.loss]),
    ...part('WHAT WAS DONE', [flags && `Flags: ${flags}`, actions]),
    ...(ASKS.has(event) ? toDo(values) : part('WHAT YOU MUST DO NOW', [values.next ?? 'Nothing.', values.deadline])),
    ...(ASKS.has(event) ? [] : part('MORE', [values.report && `Report: ${values.report}`, values.link])),
    [...about, ...(values.path ? [`path ${values.path}`] : [])].join(', '),
  ].join('\n\n')
}

/** A plan's own text, with what to do below it where the event asks for something and the text does not say how. */
export const withToDo = (event: MessageEvent, template: string, text: string, values: Values): string =>
  !ASKS.has(event) || /\{(command|alternatives)\}/.test(template)
    ? text
    : [text.trimEnd(), ...toDo(values)].join('\n\n')
