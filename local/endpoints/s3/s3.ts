import type { IncomingMessage } from 'node:http'
import { Buckets } from './buckets.ts'
import { notImplemented } from './errors.ts'
import { routeOf } from './operations.ts'
import { emptyReply, errorReply, type S3Reply } from './reply.ts'
import { parseRequest } from './request.ts'

/** One call that has come, before anything is done about it. */
export interface S3Arrival {
  /** As AWS names it; `null` for a call that is none. */
  readonly operation: string | null
  readonly key: string | null
  /** Never rejects: an error is a reply. A body that is a stream has to be read or destroyed. */
  run(): Promise<S3Reply>
}

/**
 * The S3 REST API by path (`/<bucket>/<key>`), in files of a directory: PutObject, GetObject, HeadObject, DeleteObject,
 * ListObjectsV2, the multipart uploads, CreateBucket and HeadBucket. Integrity (checksums, Content-MD5, lengths) and
 * conditional writes are as in S3. Signatures are NOT verified, and there are no policies, versions, or encryption:
 * everybody who reaches the port may do everything. What is not served is refused with NotImplemented.
 */
export function s3({
  directory,
  now,
}: {
  directory: string
  now: () => Date
}): (request: IncomingMessage) => S3Arrival {
  const buckets = new Buckets(directory)

  return (message) => {
    const resource = message.url ?? '/'
    const failed = (error: unknown): S3Arrival => ({
      operation: null,
      key: null,
      run: async () => errorReply(error, resource),
    })
    try {
      const request = parseRequest(message)
      const route = routeOf(request)
      if (route === null) return failed(notImplemented(`${request.method} ${resource}`))
      const { operation, run } = route
      return {
        operation,
        key: request.key,
        async run() {
          try {
            if (run !== null) return await run({ request, bucket: buckets.get(request.bucket), now })
            buckets.create(request.bucket)
            return emptyReply({ location: `/${request.bucket}` })
          } catch (error) {
            return errorReply(error, resource)
          }
        },
      }
    } catch (error) {
      return failed(error)
    }
  }
}
