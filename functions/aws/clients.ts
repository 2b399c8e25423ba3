import { NodeHttpHandler } from '@smithy/node-http-handler'

/** What a call may cost. The SDK alone repeats AWS calls, so that attempts × time is the worst case. */
export interface Limits {
  /** To open a connection. */
  readonly connectMilliseconds: number
  /** Without a byte in either direction, and for small calls from the request to the answer. */
  readonly idleMilliseconds: number
  /** Tries in total, the first one included. */
  readonly attempts: number
}

export const LIMITS: Limits = { connectMilliseconds: 3_000, idleMilliseconds: 10_000, attempts: 3 }

/** Services that are called, as the names of their `AWS_ENDPOINT_URL_…` end. */
export const SERVICES = ['S3', 'SSM', 'SNS', 'SFN', 'KMS', 'CLOUDWATCH', 'ECS', 'LAMBDA', 'EKS', 'RDS'] as const

type Watched = 'idle' | 'answer'

export interface Common {
  readonly maxAttempts: number
  readonly requestHandler: NodeHttpHandler
  readonly endpoint?: string
  readonly region?: string
}

/**
 * Clients of the SDK, made at the first call and kept per service, endpoint, region and limits: importing a handler needs
 * no environment, and several local stacks can live in one process. `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL` and
 * `AWS_REGION` are read at each call. Each client in a file of its own: a function loads those that it calls.
 */
export const memoised = <C>(service: (typeof SERVICES)[number]) => {
  const clients = new Map<string, C>()
  return (limits: Limits, watched: readonly Watched[], create: (common: Common) => C): C => {
    const endpoint = process.env[`AWS_ENDPOINT_URL_${service}`] || process.env.AWS_ENDPOINT_URL
    const region = process.env.AWS_REGION
    const id = JSON.stringify([endpoint, region, limits, watched])
    const known = clients.get(id)
    if (known !== undefined) return known
    const client = create({
      maxAttempts: limits.attempts,
      requestHandler: handler(limits, watched),
      ...(endpoint ? { endpoint } : {}),
      ...(region ? { region } : {}),
    })
    clients.set(id, client)
    return client
  }
}

const handler = ({ connectMilliseconds, idleMilliseconds }: Limits, watched: readonly Watched[]): NodeHttpHandler =>
  new NodeHttpHandler({
    connectionTimeout: connectMilliseconds,
    ...(watched.includes('idle') ? { socketTimeout: idleMilliseconds } : {}),
    // Without `throw…` the handler only logs that the time is over, and a black hole hangs the caller for ever.
    ...(watched.includes('answer') ? { requestTimeout: idleMilliseconds, throwOnRequestTimeout: true } : {}),
  })
