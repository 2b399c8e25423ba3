import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#core/ports.ts'
import { openJournal, readJournal } from './journal.ts'
import { ApiError } from './json-protocol.ts'
import { formEntries, queryService } from './query-protocol.ts'
import type { Service } from './service.ts'

/** A message as it was published. `at` in ISO 8601. */
export interface PublishedMessage {
  readonly id: string
  readonly at: string
  readonly topicArn: string
  /** `null` when there was none. */
  readonly subject: string | null
  /** What `default` says where each protocol has a text of its own. */
  readonly message: string
  /** The texts by protocol (MessageStructure `json`): `email`, `sms`, `https`. Empty when all of them get the same. */
  readonly byProtocol: Readonly<Record<string, string>>
  /** Lists as JSON. */
  readonly attributes: Readonly<Record<string, string>>
}

export interface SnsService extends Service {
  /** Everything published to this directory, oldest first. */
  messages(): PublishedMessage[]
}

/** Of the topics that CreateTopic makes; their region is the caller's. */
const ACCOUNT = '000000000000'
/** Of subject, message and attributes together. */
const MAX_BYTES = 262_144
const CREATE = new Set(['Action', 'Version', 'Name'])
const PUBLISH = new Set(['Action', 'Version', 'TopicArn', 'Subject', 'Message', 'MessageStructure'])

/**
 * SNS: CreateTopic and Publish (to a topic, with attributes that are strings or lists of strings), in the query protocol. Nobody is subscribed: topics
 * and messages are appended to `<directory>/topics.jsonl` and `<directory>/messages.jsonl`.
 */
export const snsService = ({
  directory,
  clock,
  topics: given = [],
}: {
  directory: string
  clock: Pick<Clock, 'now'>
  /** ARNs of topics that are there from the beginning, as a deployment would have made them. */
  topics?: readonly string[]
}): SnsService => {
  const messagesPath = join(directory, 'messages.jsonl')
  const topicsPath = join(directory, 'topics.jsonl')
  const topics = new Set([...(readJournal(topicsPath) as string[]), ...given])

  const service = queryService({
    name: 'sns',
    version: '2010-03-31',
    namespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
    key: (form) => form.get('TopicArn') ?? form.get('Name'),
    operations: {
      CreateTopic(form, region) {
        refuseOthers(form, CREATE)
        const name = form.get('Name') ?? ''
        if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw invalid(`Topic Name "${name}"`)
        const arn = `arn:aws:sns:${region}:${ACCOUNT}:${name}`
        if (!topics.has(arn)) {
          append(topicsPath, arn)
          topics.add(arn)
        }
        return { TopicArn: arn }
      },
      Publish(form) {
        refuseOthers(form, PUBLISH, 'MessageAttributes.entry.')
        const topicArn = form.get('TopicArn') ?? ''
        const subject = form.get('Subject')
        const message = form.get('Message') ?? ''
        const attributes = attributesOf(form)
        if (!/^arn:[^:]+:sns:[^:]*:[^:]*:[^:]+$/.test(topicArn)) throw invalid(`TopicArn "${topicArn}"`)
        if (message === '') throw invalid('Empty message')
        if (subject !== null && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) throw invalid(`Subject "${subject}"`)
        const texts = [message, subject ?? '', ...Object.entries(attributes).flat()]
        if (texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > MAX_BYTES) throw invalid('Message too long')
        if (!topics.has(topicArn)) throw new ApiError('NotFound', `Topic "${topicArn}" does not exist`, 404)
        const structure = form.get('MessageStructure')
        if (structure !== null && structure !== 'json') throw invalid(`MessageStructure "${structure}"`)
        const { default: text, ...byProtocol } = structure === 'json' ? textsOf(message) : { default: message }
        const published: PublishedMessage = {
          id: randomUUID(),
          at: clock.now().toISOString(),
          topicArn,
          subject,
          message: text,
          byProtocol,
          attributes,
        }
        append(messagesPath, published)
        return { MessageId: published.id }
      },
    },
  })
  return { ...service, messages: () => readJournal(messagesPath) as PublishedMessage[] }
}

const append = (path: string, value: unknown): void => {
  const journal = openJournal(path)
  journal.append(value)
  journal.close()
}

const invalid = (what: string): ApiError => new ApiError('InvalidParameter', `Invalid parameter: ${what}`)

/** What would be ignored here would have an effect in AWS. */
const refuseOthers = (form: URLSearchParams, known: ReadonlySet<string>, prefix?: string): void => {
  for (const name of form.keys()) {
    if (known.has(name) || (prefix !== undefined && name.startsWith(prefix))) continue
    throw invalid(`"${name}" is not served locally`)
  }
}

const Texts = z.looseObject({ default: z.string().min(1) }).catchall(z.string())

/** The texts of MessageStructure `json`. */
const textsOf = (message: string): z.output<typeof Texts> => {
  try {
    return Texts.parse(JSON.parse(message))
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse, or has no "default" of type string')
  }
}

/** A list of strings, as SNS takes it for String.Array. */
const isList = (value: string): boolean => {
  try {
    return z.array(z.string()).safeParse(JSON.parse(value)).success
  } catch {
    return false
  }
}

const attributesOf = (form: URLSearchParams): Record<string, string> => {
  const attributes: Record<string, string> = {}
  for (const entry of formEntries(form, 'MessageAttributes.entry')) {
    const { Name = '', 'Value.DataType': type, 'Value.StringValue': value = '' } = entry
    if (type === 'String.Array' && !isList(value)) throw invalid(`The list "${Name}" is "${value}"`)
    if (type !== 'String' && type !== 'String.Array')
      throw invalid(`the type "${type}" of attribute "${Name}" is not served locally`)
    if (value === '') throw invalid(`The message attribute "${Name}" must contain a non-empty value`)
    attributes[Name] = value
  }
  return attributes
}
