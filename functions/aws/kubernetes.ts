import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks'
import { LIMITS, type Limits, memoised } from '#aws/clients.ts'
import { eksToken } from '#aws/eks-token.ts'
import { fromSdk, nameOf } from '#aws/sdk-errors.ts'
import { RollbackError } from '#core/errors.ts'

const client = memoised<EKSClient>('EKS')
const eksClient = (limits: Limits): EKSClient => client(limits, ['idle', 'answer'], (common) => new EKSClient(common))

interface Cluster {
  readonly endpoint: URL
  /** PEM. `null` on this machine alone. */
  readonly ca: string | null
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface KubernetesCall {
  readonly cluster: string
  readonly method: 'GET' | 'PATCH'
  /** From the root of its API, with the query. */
  readonly path: string
  readonly body?: unknown
  /** What is done to what, for errors: `Reading deployment "app/web"`. */
  readonly doing: string
}

const isLoopback = ({ hostname }: URL): boolean => /^(127\.|localhost$|\[::1\]$)/.test(hostname)

const findCluster = async (name: string, limits: Limits): Promise<Cluster> => {
  try {
    const { cluster } = await eksClient(limits).send(new DescribeClusterCommand({ name }))
    const endpoint = URL.parse(cluster?.endpoint ?? '')
    const data = cluster?.certificateAuthority?.data
    const local = endpoint !== null && endpoint.protocol === 'http:' && isLoopback(endpoint)
    if (endpoint && data && endpoint.protocol === 'https:')
      return { endpoint, ca: Buffer.from(data, 'base64').toString('utf8') }
    // Plain HTTP is this machine's own stand-in of a cluster; the token would be everybody's on a network.
    if (endpoint && local && (process.env.AWS_ENDPOINT_URL_EKS || process.env.AWS_ENDPOINT_URL))
      return { endpoint, ca: null }
    throw new RollbackError(
      'Workload.Rejected',
      `The cluster "${name}" has no address with TLS: it is "${cluster?.status}".`,
      {
        fix: 'Wait until the cluster is active.',
      },
    )
  } catch (error) {
    if (nameOf(error) === 'ResourceNotFoundException')
      throw new RollbackError('Workload.Missing', `There is no EKS cluster "${name}" here.`, {
        fix: 'Correct the name in the plan, or the account, the region and the environment that it runs in.',
        category: 'usage',
        cause: error,
      })
    const errors = {
      unreachable: 'Workload.Unreachable',
      denied: 'Workload.Denied',
      rejected: 'Workload.Rejected',
    } as const
    const call = { doing: `Looking for EKS cluster "${name}"`, action: 'eks:DescribeCluster', ...errors }
    throw fromSdk(error, call, 'Look at the cluster in the console of EKS.')
  }
}

/** One try; the certificate is checked against the cluster's own authority and no other. */
const once = ({ endpoint, ca }: Cluster, call: KubernetesCall, token: string, limits: Limits): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const url = new URL(`${endpoint.href.replace(/\/$/, '')}${call.path}`)
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const signal = AbortSignal.timeout(limits.idleMilliseconds)
    const options = {
      method: call.method,
      signal,
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'user-agent': 'vector-rollback',
        ...(body === undefined
          ? {}
          : {
              'content-type': call.method === 'PATCH' ? 'application/json-patch+json' : 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
      },
    } as const
    const request = ca === null ? requestHttp(url, options) : requestHttps(url, { ...options, ca })
    const failed = (error: unknown) =>
      reject(signal.aborted ? new Error(`no answer within ${limits.idleMilliseconds / 1000} s`) : error)
    request.on('error', failed)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('error', failed)
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        try {
          resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) })
        } catch {
          resolve({ status: response.statusCode ?? 0, body: null })
        }
      })
    })
    request.end(body)
  })

const messageOf = (body: unknown): string => {
  const { message } = (typeof body === 'object' && body !== null ? body : {}) as { message?: unknown }
  return typeof message === 'string' ? `: ${message}` : ''
}

const unreachable = (doing: string, why: string, cause?: unknown): RollbackError =>
  new RollbackError('Workload.Unreachable', `${doing} failed: ${why}.`, {
    fix: 'Look at the cluster, and at the network to its API: a private address answers in its VPC alone. Whether the last call took effect is unknown.',
    category: 'unreachable',
    cause,
  })

const denied = (doing: string, { status, body }: Answer): RollbackError =>
  new RollbackError('Workload.Denied', `${doing} was refused with ${status}${messageOf(body)}.`, {
    fix: "Give the function's role an access entry of the cluster and the Role of docs/operations.md.",
    category: 'refused',
  })

const PAUSE_MS = 300

/** A change of one object, in the version that was read: a call whose answer is lost is made again. */
export interface KubernetesPatch {
  readonly cluster: string
  readonly path: string
  readonly resourceVersion: string
  readonly changes: readonly { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }[]
  readonly doing: string
}

/** The API of the Kubernetes clusters in EKS, for one operation: a cluster's address is asked for once in it. */
export const kubernetes = (limits: Limits = LIMITS) => {
  const clusters = new Map<string, Promise<Cluster>>()
  const clusterOf = (name: string): Promise<Cluster> => {
    const found = clusters.get(name) ?? findCluster(name, limits)
    clusters.set(name, found)
    return found
  }
  /** Resolves to every answer below 500 but 401, 403 and 429. */
  const call = async (call: KubernetesCall): Promise<Answer> => {
    const cluster = await clusterOf(call.cluster)
    const token = await eksToken(call.cluster, process.env.AWS_REGION ?? 'us-east-1')
    for (let attempt = 1; ; attempt++) {
      const answer = await once(cluster, call, token, limits).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        // A certificate that is not the cluster's does not become so by asking again.
        if (attempt >= limits.attempts || isCertificate(error)) throw unreachable(call.doing, why, error)
        return null
      })
      if (answer !== null && answer.status < 500 && answer.status !== 429) {
        if (answer.status === 401 || answer.status === 403) throw denied(call.doing, answer)
        return answer
      }
      if (answer !== null && attempt >= limits.attempts)
        throw unreachable(call.doing, `the answer is ${answer.status}${messageOf(answer.body)}`)
      await sleep(PAUSE_MS * attempt)
    }
  }
  const versionOf = async ({ cluster, path, doing }: KubernetesPatch): Promise<string | undefined> => {
    const { body } = await call({ cluster, method: 'GET', path, doing })
    return (body as { metadata?: { resourceVersion?: string } } | null)?.metadata?.resourceVersion
  }
  /**
   * `outdated`: it is another version by now, be it by our own call whose answer was lost; nothing was changed. Throws
   * `Workload.Rejected` when the cluster will not have the change.
   */
  const patch = async (patch: KubernetesPatch): Promise<'patched' | 'outdated' | 'missing'> => {
    const { cluster, path, resourceVersion, changes, doing } = patch
    const body = [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }, ...changes]
    const answer = await call({ cluster, method: 'PATCH', path, body, doing })
    if (answer.status === 200) return 'patched'
    if (answer.status === 404) return 'missing'
    if (answer.status === 409) return 'outdated'
    // 422 is said of a version that does not fit, and of content that the cluster or one of its policies refuses.
    if (answer.status === 422 && (await versionOf(patch)) !== resourceVersion) return 'outdated'
    throw rejected(doing, answer)
  }
  return { call, patch }
}

const isCertificate = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /CERT|SELF_SIGNED|ALTNAME/.test(String(error.code))

export const rejected = (doing: string, { status, body }: Answer): RollbackError =>
  new RollbackError('Workload.Rejected', `${doing} failed with ${status}${messageOf(body)}.`, {
    fix: 'Look at the object with kubectl, and at the admission policies of the cluster.',
  })
