import { z } from 'zod'
import { pattern } from './pattern.ts'

/** Plain HTTP is called on loopback alone, and where the environment is a developer's machine: the caller sees to that. */
export const ServiceUrl = pattern(
  /^(https:\/\/[^/?#\s@]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)(\/[^\s?#]*)?$/,
  'the address of a service',
  'Start with https://, without user, password, query and fragment: https://api.{env}.example.com.',
)

const Token = pattern(
  /^(?!\/(aws|ssm)(\/|$))(\/([A-Za-z0-9_.-]|\{env\})+){1,15}$/,
  'the name of an SSM parameter',
  'Start with "/", and use only letters, digits, "_.-" and {env}: /app/{env}/API_TOKEN.',
)

/** Names of header fields, in lower case as HTTP/2 has them. */
export const HeaderName = pattern(
  /^[a-z0-9!#$%&'*+.^_`|~-]+$/,
  'the name of a header',
  'Write it in lower case, such as "x-tenant-id".',
)

/** A part of the application that answers HTTP. */
export const Service = z
  .strictObject({
    url: ServiceUrl.describe(
      'Where it answers; {env} stands for the environment. An environment may say another address (cdk.json).',
    ),
    token: Token.optional().describe(
      'SSM parameter of type SecureString with the token of a test user, sent with each request and written nowhere.',
    ),
    'token-header': HeaderName.optional().describe(
      'Header that carries the bare token; "authorization: Bearer <token>" when it is not given.',
    ),
  })
  .superRefine((service, context) => {
    if (service['token-header'] === undefined || service.token !== undefined) return
    context.addIssue({
      code: 'custom',
      path: ['token-header'],
      message: 'This service has a header for a token, and no token.',
      params: { fix: 'Add token, or remove token-header.' },
    })
  })
  .transform(({ url, token, 'token-header': header }) => ({
    url,
    token: token === undefined ? null : { secret: token, header: header ?? null },
  }))
export type Service = z.output<typeof Service>

/** Addresses that an environment gives to services, by plan and service, in place of the plan's own. */
export const ServiceUrls = z.record(z.string(), z.record(z.string(), ServiceUrl))
export type ServiceUrls = z.output<typeof ServiceUrls>
