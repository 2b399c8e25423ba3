import type { IncidentId, PlanName } from '#core/names.ts'
import { chatMessage } from '#core/notice/chat.ts'
import { headline } from '#core/notice/headline.ts'
import { consoleLink, type Occasion } from '#core/notice/occasion.ts'
import { standardText, withToDo } from '#core/notice/text.ts'
import { type MessageEvent, renderMessage, SEVERITY_OF } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Notification } from '#core/ports.ts'

/** Nobody else writes to users in the name of a plan: what it has no text for, they are not told. */
const TO_USERS: ReadonlySet<MessageEvent> = new Set(['users', 'users-resolved'])

const reached = (role: string, { name, reach }: { name: string; reach: readonly string[] }): string =>
  `${role}: ${name} (${reach.join(', ')})`

/** What is known on every occasion, below what the caller knows. */
export const allValues = (occasion: Occasion, values: Values, now: Date): Values => {
  const { plan, environment, incident, path, signal, execution, roles = [] } = occasion
  const contacts = Object.entries(plan.contacts)
  const first = contacts.find(([role]) => roles.includes(role)) ?? contacts[0]
  const link = consoleLink(execution)
  const { users, workaround, services } = plan.impact
  return {
    plan: plan.name,
    title: plan.title,
    environment,
    ...(incident ? { incident } : {}),
    ...(path ? { path } : {}),
    ...(signal ? { signal } : {}),
    ...(contacts.length > 0 ? { contacts: contacts.map(([role, contact]) => reached(role, contact)).join('; ') } : {}),
    ...(first ? { contact: reached(...first) } : {}),
    support: plan.support.map(({ name, address }) => `${name}: ${address}`).join('; ') || 'none',
    ...(link ? { link } : {}),
    time: `${now.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    date: now.toISOString().slice(0, 10),
    ...(users ? { impact: users } : {}),
    ...(workaround ? { workaround } : {}),
    ...(services.length > 0 ? { services: services.join(', ') } : {}),
    ...(plan.updates ? { 'next-update': new Date(now.getTime() + plan.updates).toISOString() } : {}),
    ...(roles.length > 0 ? { roles: roles.join(', ') } : {}),
    ...values,
  }
}

/** A message as it goes out; `values` are all that could be filled in. */
export interface Composed {
  readonly notification: Notification
  readonly values: Values
}

/** The message of an event in all its forms. `null` for a text to users that the plan does not have, or in a drill. */
export const compose = (
  occasion: Occasion,
  event: MessageEvent,
  given: Values,
  { id, now }: { id: string; now: Date },
): Composed | null => {
  const { plan, environment, incident, path, signal, drill, roles } = occasion
  const values = allValues(occasion, given, now)
  const template = Object.hasOwn(plan.messages, event) ? plan.messages[event] : undefined
  if (TO_USERS.has(event) && (template === undefined || drill)) return null
  const own = renderMessage(plan.messages, event, values)
  const text = own ?? {
    subject: `${plan.name} ${environment}: ${headline(event, values)}`,
    body: standardText(event, values),
  }
  const subject = drill ? `[drill] ${text.subject}` : text.subject
  const body = template ? withToDo(event, template.body, text.body, values) : text.body
  const severity: Notification['severity'] = SEVERITY_OF[event] ?? 'info'
  const facts = { plan: plan.name as PlanName, incident: incident as IncidentId | null, event, severity, environment }
  const notification: Notification = {
    ...facts,
    path,
    signal,
    drill,
    subject,
    body,
    sms: [`${environment} ${plan.name}: ${headline(event, values)}`, values.deadline && `until ${values.deadline}`]
      .filter(Boolean)
      .join(', '),
    document: {
      version: 1,
      id,
      ...facts,
      path,
      signal,
      drill,
      at: now.toISOString(),
      subject,
      text: body,
      fields: values,
    },
    chat: chatMessage(occasion, event, { subject, body }, values),
    ...(roles ? { roles } : {}),
  }
  return { notification, values }
}
