import { S3Client } from '@aws-sdk/client-s3'
import { type Common, LIMITS, memoised } from '#aws/clients.ts'

const s3 = memoised<S3Client>('S3')

/** An endpoint of one's own has no host name per bucket. */
const pathStyle = (common: Common): S3Client => new S3Client({ ...common, forcePathStyle: 'endpoint' in common })

/** For all but downloads. A large part on a slow line may take its time, as long as bytes flow. */
export const s3Client = (limits = LIMITS): S3Client => s3(limits, ['idle'], pathStyle)

/**
 * For downloads. The socket of a body that its reader does not want yet is idle, and must not be cut: who reads has to
 * watch for silence.
 */
export const s3DownloadClient = (limits = LIMITS): S3Client => s3(limits, ['answer'], pathStyle)
