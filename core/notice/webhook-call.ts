import { digestOf } from '#core/json.ts'
import { fill } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Webhook } from '#core/plan/webhooks.ts'
import type { WebhookCall } from '#core/ports.ts'

type Json = NonNullable<Webhook['body']>[string]

/** A mapping of the plan with its placeholders filled, at any depth; keys stay as they are. */
const filled = (value: Json, values: Values): Json => {
  if (typeof value === 'string') return fill(value, values)
  if (Array.isArray(value)) return value.map((item) => filled(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, filled(member, values)]))
}

/** What a webhook of a plan is sent for one message: the plan's own mapping, or the standard document. */
export const webhookCall = (
  { name, url, secret, body }: Webhook,
  message: {
    readonly environment: string
    readonly id: string
    readonly reach: WebhookCall['reach']
    readonly document: unknown
    readonly values: Values
  },
): WebhookCall => ({
  url: url.replaceAll('{env}', message.environment),
  secret: secret.replaceAll('{env}', message.environment),
  idempotencyKey: digestOf([name, message.id]),
  body: JSON.stringify(body === undefined ? message.document : filled(body, message.values)),
  reach: message.reach,
})
