import { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { Limits } from '#aws/clients.ts'
import { aborted, bucketError, isMissing, noSuchKey, stalled } from '#aws/objects-errors.ts'
import { s3DownloadClient } from '#aws/s3-client.ts'

/**
 * Streams an object, with backpressure; the SDK verifies its checksum at the end. A body that breaks off is not resumed:
 * whoever reads it starts again. Throws `Bucket.NoSuchKey` at once, `Bucket.Unreachable`, `Bucket.ChecksumMismatch` and
 * `Bucket.Aborted` at any time.
 */
export async function download(
  { bucket, limits }: { bucket: string; limits: Limits },
  key: string,
  signal?: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const doing = `Reading "${key}" of bucket "${bucket}"`
  const over = new AbortController()
  const abortSignal = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  try {
    const get = new GetObjectCommand({ Bucket: bucket, Key: key })
    const { Body } = await s3DownloadClient(limits).send(get, { abortSignal })
    if (!(Body instanceof Readable)) throw new Error('the SDK gave no readable body')
    return watched(Body, { doing, idleMilliseconds: limits.idleMilliseconds, signal, over })
  } catch (error) {
    if (signal?.aborted) throw aborted(doing, signal.reason)
    if (isMissing(error)) throw noSuchKey(bucket, key, error)
    throw bucketError(error, doing, 's3:GetObject')
  }
}

interface Watch {
  readonly doing: string
  readonly idleMilliseconds: number
  readonly signal: AbortSignal | undefined
  /** Ends the request, so that its connection is not kept for a body nobody reads. */
  readonly over: AbortController
}

/** Only the time in which the reader waits for bytes counts as idle. */
async function* watched(body: Readable, { doing, idleMilliseconds, signal, over }: Watch): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<unknown> = body[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      const silent = () => body.destroy(stalled(`${doing}: no byte came for ${idleMilliseconds} ms`))
      const timer = setTimeout(silent, idleMilliseconds)
      const next = await chunks.next().finally(() => clearTimeout(timer))
      if (next.done) break
      yield next.value as Uint8Array
    }
    ended = true
  } catch (error) {
    if (signal?.aborted) throw aborted(doing, signal.reason)
    throw bucketError(error, doing, 's3:GetObject')
  } finally {
    if (!ended) {
      body.destroy()
      over.abort()
    }
  }
}
