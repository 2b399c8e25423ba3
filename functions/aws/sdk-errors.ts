import { type ErrorCategory, RollbackError } from '#core/errors.ts'

type Name = `${string}.${string}`

/** How the errors of one call are named. */
export interface CallErrors {
  /** What was done to what, for the message: `Reading parameter "/app/FLAG"`. */
  readonly doing: string
  /** The IAM action the call needs. */
  readonly action: string
  readonly unreachable: Name
  readonly denied: Name
  /** The service answered, and said no. */
  readonly rejected: Name
}

/** Codes of Node's sockets and resolver. */
const NETWORK = /^E(CONN|AI_|PIPE|HOST|NET|TIMEDOUT|NOTFOUND)/
const BY_NAME =
  /^(TimeoutError|RequestTimeout|NetworkingError)|Throttl|SlowDown|TooManyRequests|LimitExceededException$/
const DENIED =
  /AccessDenied|Forbidden|NotAuthorized|AuthorizationError|UnrecognizedClient|InvalidClientToken|InvalidAccessKeyId|SignatureDoesNotMatch|Expired|CredentialsProviderError|TokenProviderError/

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined

/** The error's name: the service's code for its own errors. */
export const nameOf = (error: unknown): string => String(member(error, 'name') ?? '')

export const httpStatusOf = (error: unknown): number | null => {
  const status = member(member(error, '$metadata'), 'httpStatusCode')
  return typeof status === 'number' ? status : null
}

/** How often the SDK had made the call when it gave up; an earlier attempt may have taken effect. */
export const attemptsOf = (error: unknown): number => {
  const attempts = member(member(error, '$metadata'), 'attempts')
  return typeof attempts === 'number' ? attempts : 1
}

const textOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  const [name, code] = [nameOf(error), member(error, 'code')]
  const label = typeof code === 'string' && name === 'Error' ? code : name
  return message === '' || message === 'UnknownError'
    ? `${label} (HTTP ${httpStatusOf(error) ?? 'none'})`
    : `${label}: ${message}`
}

const kindOf = (error: unknown): 'unreachable' | 'denied' | 'rejected' => {
  const status = httpStatusOf(error)
  const name = nameOf(error)
  if (status === 403 || DENIED.test(name)) return 'denied'
  if ((status !== null && status >= 500) || status === 429 || BY_NAME.test(name)) return 'unreachable'
  if (NETWORK.test(String(member(error, 'code') ?? ''))) return 'unreachable'
  return 'rejected'
}

const CATEGORIES = { unreachable: 'unreachable', denied: 'refused', rejected: 'failed' } as const satisfies Record<
  string,
  ErrorCategory
>

/** The error for the reader of the state machine. One that is ours already stays as it is. */
export const fromSdk = (error: unknown, call: CallErrors, fixIfRejected: string): RollbackError => {
  if (error instanceof RollbackError) return error
  const kind = kindOf(error)
  const fix = {
    unreachable:
      'Look at the status of the service, the route to it (VPC endpoint, security group) and AWS_ENDPOINT_URL, then repeat; whether the last call took effect is unknown.',
    denied: `Give the role ${call.action} on it, or credentials that are valid.`,
    rejected: fixIfRejected,
  }[kind]
  const category = CATEGORIES[kind]
  const tries = attemptsOf(error) > 1 ? ` after ${attemptsOf(error)} attempts` : ''
  return new RollbackError(call[kind], `${call.doing} failed${tries}: ${textOf(error)}.`, {
    fix,
    category,
    cause: error,
  })
}
