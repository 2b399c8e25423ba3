import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { SFNClient } from '@aws-sdk/client-sfn'
import { SNSClient } from '@aws-sdk/client-sns'
import { SSMClient } from '@aws-sdk/client-ssm'
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

/**
 * Clients of the SDK, made at the first call and kept per service, endpoint, region and limits: importing a handler needs
 * no environment, and several local stacks can live in one process. `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL` and
 * `AWS_REGION` are read at each call.
 */
export const ssmClient = (limits = LIMITS): SSMClient =>
  ssm(limits, ['idle', 'answer'], (common) => new SSMClient(common))

export const snsClient = (limits = LIMITS): SNSClient =>
  sns(limits, ['idle', 'answer'], (common) => new SNSClient(common))

export const kmsClient = (limits = LIMITS): KMSClient =>
  kms(limits, ['idle', 'answer'], (common) => new KMSClient(common))

export const sfnClient = (limits = LIMITS): SFNClient =>
  sfn(limits, ['idle', 'answer'], (common) => new SFNClient(common))

/** For all but downloads. A large part on a slow line may take its time, as long as bytes flow. */
export const s3Client = (limits = LIMITS): S3Client => s3(limits, ['idle'], pathStyle)

/**
 * For downloads. The socket of a body that its reader does not want yet is idle, and must not be cut: who reads has to
 * watch for silence.
 */
export const s3DownloadClient = (limits = LIMITS): S3Client => s3(limits, ['answer'], pathStyle)

type Watched = 'idle' | 'answer'

interface Common {
  readonly maxAttempts: number
  readonly requestHandler: NodeHttpHandler
  readonly endpoint?: string
  readonly region?: string
}

/** An endpoint of one's own has no host name per bucket. */
const pathStyle = (common: Common): S3Client => new S3Client({ ...common, forcePathStyle: 'endpoint' in common })

export const memoised = <C>(
  service: 'S3' | 'SSM' | 'SNS' | 'SFN' | 'KMS' | 'CLOUDWATCH' | 'ECS' | 'LAMBDA' | 'EKS' | 'RDS',
) => {
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

const s3 = memoised<S3Client>('S3')
const ssm = memoised<SSMClient>('SSM')
const sns = memoised<SNSClient>('SNS')
const sfn = memoised<SFNClient>('SFN')
const kms = memoised<KMSClient>('KMS')
