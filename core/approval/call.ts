import { z } from 'zod'
import { type Identity, identityOf } from '#core/approval/identity.ts'
import { RollbackError } from '#core/errors.ts'

/** What a function URL hands on (payload version 2.0), as far as it is read. */
const UrlEvent = z.looseObject({
  requestContext: z.looseObject({
    http: z.looseObject({ method: z.string() }),
    /** Put there by AWS once it has checked the signature, with AuthType AWS_IAM only. */
    authorizer: z.looseObject({ iam: z.looseObject({ userArn: z.string() }) }).optional(),
  }),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().optional(),
})

/** What the function URL answers. */
export interface Reply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
}

export const reply = (statusCode: number, value: object): Reply => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
})

const refuse = (name: `${string}.${string}`, message: string, fix: string): never => {
  throw new RollbackError(name, message, { fix, category: 'usage' })
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return refuse('Answer.Invalid', 'The body is not JSON.', 'Send an answer as docs/operations.md says.')
  }
}

/**
 * Who calls, and what they say. Identity is what AWS has authenticated; nothing in the body can change it. A GET says
 * nothing: whoever scans a mail for viruses follows its links.
 */
export const readCall = (event: unknown): { identity: Identity; body: unknown } => {
  const parsed = UrlEvent.safeParse(event)
  if (!parsed.success)
    return refuse('Answer.Invalid', 'This is not a call of the function URL.', 'Use vector-rollback approve, or POST.')
  const { requestContext, body = '', isBase64Encoded } = parsed.data
  const { method } = requestContext.http
  if (method !== 'POST')
    return refuse('Answer.NotPosted', `A ${method} answers nothing.`, 'Use vector-rollback approve, or POST.')
  const userArn = requestContext.authorizer?.iam.userArn
  const identity = userArn === undefined ? null : identityOf(userArn)
  if (!identity) {
    throw new RollbackError('Approval.NotAuthenticated', `"${userArn ?? 'nobody'}" is no person that AWS names.`, {
      fix: 'Sign the call (SigV4, service lambda) as a user of Identity Center, an IAM user or a role.',
      category: 'refused',
    })
  }
  return { identity, body: jsonOf(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body) }
}
