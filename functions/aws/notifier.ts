import { type MessageAttributeValue, PublishCommand } from '@aws-sdk/client-sns'
import { type Limits, snsClient } from '#aws/clients.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import type { Notification, Notifier } from '#core/ports.ts'

/** SNS: "must be ASCII text … must not include line breaks or control characters … must be less than 100 characters". */
const SUBJECT_CHARACTERS = 99
/** Subject, body and attributes together may have 262,144 bytes. */
const BODY_BYTES = 256_000
const CUT = '\n[cut: the rest is in the record of the incident]'

/**
 * People, by SNS. Subscriptions can filter on the attributes `plan`, `event`, `severity` and `incident` (absent when there
 * is none). A subject that SNS would refuse is written in ASCII, and as it was in the first line of the message.
 */
export const snsNotifier = (topicArn: string | (() => string), limits?: Limits): Notifier => ({
  async send(notification) {
    const topic = typeof topicArn === 'string' ? topicArn : topicArn()
    const subject = asciiSubject(notification.subject)
    const body =
      subject === notification.subject ? notification.body : `${notification.subject}\n\n${notification.body}`
    try {
      const publish = new PublishCommand({
        TopicArn: topic,
        Subject: subject,
        Message: cut(body === '' ? subject : body),
        MessageAttributes: attributesOf(notification),
      })
      const { MessageId } = await snsClient(limits).send(publish)
      return { id: MessageId ?? '' }
    } catch (error) {
      const call = {
        doing: `Publishing "${subject}" to topic "${topic}"`,
        action: 'sns:Publish',
        unreachable: 'Notification.NotDelivered',
        denied: 'Notification.Denied',
        rejected: 'Notification.NotDelivered',
      } as const
      throw fromSdk(error, call, 'Check that the topic exists in this account and region.')
    }
  },
})

const asciiSubject = (subject: string): string => {
  const ascii = subject
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[–—]/g, '-')
    .replaceAll(/[^\x20-\x7e]/gu, '?')
    .trim()
  const short = ascii.length <= SUBJECT_CHARACTERS ? ascii : `${ascii.slice(0, SUBJECT_CHARACTERS - 3)}...`
  return short === '' ? '(no subject)' : short
}

const cut = (body: string): string => {
  const bytes = Buffer.from(body)
  if (bytes.length <= BODY_BYTES) return body
  // A character cut in two becomes U+FFFD, which goes too.
  return (
    bytes
      .subarray(0, BODY_BYTES)
      .toString('utf8')
      .replace(/\ufffd$/, '') + CUT
  )
}

const attributesOf = ({ plan, event, severity, incident }: Notification): Record<string, MessageAttributeValue> => {
  // SNS refuses an attribute whose value is empty.
  const values = Object.entries({ plan, event, severity, incident: incident ?? '' }).filter(([, value]) => value !== '')
  return Object.fromEntries(values.map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]))
}
