import { type MessageAttributeValue, PublishCommand } from '@aws-sdk/client-sns'
import type { Limits } from '#aws/clients.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import { snsClient } from '#aws/sns-client.ts'
import { signedWebhooks } from '#aws/webhooks.ts'
import type { Notification, Notifier, Secrets } from '#core/ports.ts'

/** SNS: "must be ASCII text … must not include line breaks or control characters … must be less than 100 characters". */
const SUBJECT_CHARACTERS = 99
/** One message of the telephone network, in its own alphabet. */
const SMS_CHARACTERS = 140
/** Subject, texts and attributes together may have 262,144 bytes. */
const MESSAGE_BYTES = 256_000
const CUT = '\n[cut: the rest is in the record of the incident]'

type Arn = string | (() => string)

/** All ways to people. `chat` gives no ARN where the environment has no chat. */
export const notifier = (to: {
  readonly people: Arn
  readonly chat: () => string | undefined
  readonly secrets: Secrets
}): Notifier => ({ ...snsNotifier(to.people), ...snsChat(to.chat), ...signedWebhooks(to.secrets) })

/**
 * People, by SNS. Subscriptions can filter on the attributes `environment`, `plan`, `incident`, `event`, `severity`, `path`,
 * `signal`, `drill` (strings) and `roles` (a list); what there is none of is absent. E-mail, telephone and machines get texts of
 * their own. A subject that SNS would refuse is written in ASCII, and as it was in the first line of the message.
 */
export const snsNotifier = (topicArn: Arn, limits?: Limits): Pick<Notifier, 'send'> => ({
  async send(notification) {
    const subject = asciiSubject(notification.subject, SUBJECT_CHARACTERS)
    const body =
      subject === notification.subject ? notification.body : `${notification.subject}\n\n${notification.body}`
    return publish(typeof topicArn === 'string' ? topicArn : topicArn(), limits, {
      Subject: subject,
      Message: byProtocol(notification, body === '' ? subject : body),
      MessageStructure: 'json',
      MessageAttributes: attributesOf(notification),
    })
  },
})

/**
 * The chat: Amazon Q Developer subscribes to a topic by HTTPS and wants its own JSON as the whole message. Hence a topic of its
 * own: people who subscribe by e-mail would read that JSON, and other machines would be sent it.
 */
export const snsChat = (topicArn: () => string | undefined, limits?: Limits): Pick<Notifier, 'chat'> => ({
  async chat(notification) {
    const topic = topicArn()
    if (!topic) return null
    return publish(topic, limits, {
      Message: JSON.stringify(notification.chat),
      MessageAttributes: attributesOf(notification),
    })
  },
})

const publish = async (
  topic: string,
  limits: Limits | undefined,
  message: Omit<ConstructorParameters<typeof PublishCommand>[0], 'TopicArn'>,
): Promise<{ id: string }> => {
  try {
    const { MessageId } = await snsClient(limits).send(new PublishCommand({ TopicArn: topic, ...message }))
    return { id: MessageId ?? '' }
  } catch (error) {
    const call = {
      doing: `Publishing "${message.Subject ?? 'a chat message'}" to topic "${topic}"`,
      action: 'sns:Publish',
      unreachable: 'Notification.NotDelivered',
      denied: 'Notification.Denied',
      rejected: 'Notification.NotDelivered',
    } as const
    throw fromSdk(error, call, 'Check that the topic exists in this account and region.')
  }
}

/** `default` is for queues and functions. Cut until all of it fits. */
const byProtocol = (notification: Notification, text: string): string => {
  for (let bytes = MESSAGE_BYTES; ; bytes = Math.floor(bytes / 2)) {
    const body = cut(text, bytes)
    const document = JSON.stringify(notification.document)
    const message = JSON.stringify({
      default: body,
      email: body,
      sms: asciiSubject(notification.sms, SMS_CHARACTERS),
      https: Buffer.byteLength(document) <= bytes ? document : JSON.stringify({ subject: notification.subject }),
    })
    if (Buffer.byteLength(message) <= MESSAGE_BYTES) return message
  }
}

const asciiSubject = (subject: string, characters: number): string => {
  const ascii = subject
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[–—]/g, '-')
    .replaceAll(/[^\x20-\x7e]/gu, '?')
    .trim()
  const short = ascii.length <= characters ? ascii : `${ascii.slice(0, characters - 3)}...`
  return short === '' ? '(no subject)' : short
}

const cut = (body: string, most: number): string => {
  const bytes = Buffer.from(body)
  if (bytes.length <= most) return body
  // A character cut in two becomes U+FFFD, which goes too.
  return (
    bytes
      .subarray(0, most)
      .toString('utf8')
      .replace(/\ufffd$/, '') + CUT
  )
}

const attributesOf = (notification: Notification): Record<string, MessageAttributeValue> => {
  const { environment, plan, incident, event, severity, path, signal, drill, roles = [] } = notification
  const values = { environment, plan, incident, event, severity, path, signal, drill: drill ? 'true' : 'false' }
  return {
    // SNS refuses an attribute whose value is empty.
    ...Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) =>
        value ? [[name, { DataType: 'String', StringValue: value }] as const] : [],
      ),
    ),
    ...(roles.length > 0 ? { roles: { DataType: 'String.Array', StringValue: JSON.stringify(roles) } } : {}),
  }
}
