import { z } from 'zod'
import { type Composed, compose } from '#core/notice/compose.ts'
import type { Occasion } from '#core/notice/occasion.ts'
import { webhookCall } from '#core/notice/webhook-call.ts'
import type { MessageEvent } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Clock, Notifier } from '#core/ports.ts'

/** One way to people: `people`, `chat`, or `webhook <name>`; `detail` is the id of the message, the status, or the error. */
export const Delivery = z.strictObject({ channel: z.string(), delivered: z.boolean(), detail: z.string() })
export type Delivery = z.infer<typeof Delivery>

export interface Announced {
  readonly subject: string
  readonly body: string
  readonly deliveries: readonly Delivery[]
}

/** Environments on a developer's machine; only there may a webhook be a server of one's own. */
export const OWN_MACHINE = 'local'

const attempt = (channel: string, sending: Promise<string | null>): Promise<Delivery[]> =>
  sending.then(
    (detail) => (detail === null ? [] : [{ channel, delivered: true, detail }]),
    (error: unknown) => [{ channel, delivered: false, detail: error instanceof Error ? error.message : String(error) }],
  )

/** Every way at once: a webhook that is slow keeps nobody from their e-mail. */
const channelsOf = (
  { notification, values }: Composed,
  { plan, environment, drill }: Occasion,
  id: string,
  notifier: Notifier,
): Readonly<Record<string, () => Promise<string | null>>> => ({
  people: async () => `message ${(await notifier.send(notification)).id}`,
  chat: async () => {
    const sent = await notifier.chat(notification)
    return sent && `message ${sent.id}`
  },
  // A drill must not change what a status page says.
  ...Object.fromEntries(
    (drill ? [] : plan.webhooks)
      .filter(({ events }) => events.some((event) => event === notification.event))
      .map((webhook) => [
        `webhook ${webhook.name}`,
        async () => {
          const reach = environment === OWN_MACHINE ? 'loopback' : 'internet'
          const call = webhookCall(webhook, { environment, id, reach, document: notification.document, values })
          return String((await notifier.post(call)).status)
        },
      ]),
  ),
})

/**
 * Sends the message of an event every way that it has not gone yet. Never throws: what was not delivered says so. `null` when
 * there is nothing to say, see `compose`. `id` tells repetitions of one message from another message.
 */
export const announce = async (
  occasion: Occasion,
  event: MessageEvent,
  values: Values,
  { id, earlier = [] }: { id: string; earlier?: readonly Delivery[] },
  ports: { notifier: Notifier; clock: Clock },
): Promise<Announced | null> => {
  const composed = compose(occasion, event, values, { id, now: ports.clock.now() })
  if (!composed) return null
  const done = earlier.filter(({ delivered }) => delivered)
  const left = Object.entries(channelsOf(composed, occasion, id, ports.notifier)).filter(
    ([channel]) => !done.some((delivery) => delivery.channel === channel),
  )
  const sent = await Promise.all(left.map(([channel, send]) => attempt(channel, send())))
  const { subject, body } = composed.notification
  return { subject, body, deliveries: [...done, ...sent.flat()] }
}
