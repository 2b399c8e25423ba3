import type { Occasion } from '#core/notice/occasion.ts'
import { type MessageEvent, SEVERITY_OF } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'

/** Chats cut longer ones, in the middle of a word or of a command. */
const TITLE_CHARACTERS = 250
const DESCRIPTION_CHARACTERS = 3_000
const SUMMARY_CHARACTERS = 250

/**
 * A custom notification of Amazon Q Developer in chat applications:
 * https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
export interface ChatMessage {
  readonly version: '1.0'
  readonly source: 'custom'
  readonly content: {
    readonly textType: 'client-markdown'
    readonly title: string
    readonly description: string
    readonly nextSteps?: readonly string[]
    readonly keywords: readonly string[]
  }
  readonly metadata: {
    /** Messages of one incident stand in one thread. */
    readonly threadId: string
    readonly summary: string
    readonly eventType: string
    readonly relatedResources?: readonly string[]
    /** Custom actions, the buttons of the chat, read these. */
    readonly additionalContext: Readonly<Record<string, string>>
  }
}

const MARKS = { critical: ':rotating_light:', warning: ':warning:', info: ':information_source:' } as const

const short = (text: string, characters: number): string =>
  text.length <= characters ? text : `${text.slice(0, characters - 3)}...`

const lines = (text: string | undefined): string[] => (text ?? '').split('\n').filter((line) => line.trim() !== '')

/** What the chat shows of a message. The variables of buttons may have 1,024 characters each, so ids only. */
export const chatMessage = (
  occasion: Occasion,
  event: MessageEvent,
  { subject, body }: { subject: string; body: string },
  values: Values,
): ChatMessage => {
  const { plan, environment, incident, path, signal, execution } = occasion
  const nextSteps = [values.next, ...lines(values.alternatives), ...lines(values.command)].filter(
    (line): line is string => line !== undefined && line !== '',
  )
  const context = { environment, plan: plan.name, incident, path, signal, deadline: values.deadline }
  return {
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: short(`${MARKS[SEVERITY_OF[event] ?? 'info']} ${subject}`, TITLE_CHARACTERS),
      description: short(body, DESCRIPTION_CHARACTERS),
      ...(nextSteps.length > 0 ? { nextSteps } : {}),
      keywords: [environment, plan.name, event, ...(values.severity ? [values.severity] : [])],
    },
    metadata: {
      threadId: incident ?? `${environment}-${plan.name}`,
      summary: short(subject, SUMMARY_CHARACTERS),
      eventType: event,
      ...(execution ? { relatedResources: [execution] } : {}),
      additionalContext: Object.fromEntries(
        Object.entries(context).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
      ),
    },
  }
}
