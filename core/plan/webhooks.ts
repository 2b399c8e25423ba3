import { z } from 'zod'
import { EVENTS, type MessageEvent, unknownPlaceholders } from './messages.ts'
import { pattern } from './pattern.ts'
import { Name } from './vocabulary.ts'

const names = Object.keys(EVENTS) as [MessageEvent, ...MessageEvent[]]

/** Plain HTTP is sent on loopback alone, and by the local environment alone: the function that sends sees to that. */
const WebhookUrl = pattern(
  /^(https:\/\/[^/?#\s@]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)([/?][^\s#]*)?$/,
  'the address of a webhook',
  'Start with https://, without user and password: https://status.example.com/hooks/{env}.',
)

const Secret = pattern(
  /^(?!\/(aws|ssm)(\/|$))(\/([A-Za-z0-9_.-]|\{env\})+){1,15}$/,
  'the name of an SSM parameter',
  'Start with "/", and use only letters, digits, "_.-" and {env}: /app/{env}/STATUS_PAGE_SECRET.',
)

/** Texts inside a JSON value. */
const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(texts)
      : []

const Body = z.record(z.string(), z.json()).superRefine((body, context) => {
  for (const name of texts(body).flatMap(unknownPlaceholders))
    context.addIssue({
      code: 'custom',
      message: `"{${name}}" is not a placeholder.`,
      params: { fix: 'Use the placeholders of messages.' },
    })
})

/** An address that is called for some events: a status page, a pager, tickets. */
export const Webhook = z.strictObject({
  name: Name.describe('What it is called in the record.'),
  url: WebhookUrl.describe('Where to send; {env} stands for the environment. No redirect is followed.'),
  events: z.array(z.enum(names)).describe('What it is told of. An empty list: only webhook steps call it.'),
  secret: Secret.describe('SSM parameter of type SecureString with the key of the signature.'),
  body: Body.optional().describe(
    'What to send instead of the standard document: any mapping, with {placeholders} in its texts.',
  ),
})
export type Webhook = z.output<typeof Webhook>
