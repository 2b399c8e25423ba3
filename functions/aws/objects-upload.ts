import { Readable } from 'node:stream'
import { Upload } from '@aws-sdk/lib-storage'
import { type Limits, s3Client } from '#aws/clients.ts'
import { aborted, bucketError } from '#aws/objects-errors.ts'

/** Four parts are in memory at a time; S3 allows 10,000, so that an object has at most 48 GiB. */
const PART_BYTES = 5 * 1024 * 1024
const PARTS_AT_A_TIME = 4

/**
 * Streams an object in parts. Each part carries a CRC-32, and the object one of its whole, which every download is
 * verified against. On any error, the source's own included (rethrown as it is), the upload is aborted.
 */
export async function upload(
  { bucket, limits }: { bucket: string; limits: Limits },
  key: string,
  body: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ etag: string; bytes: number }> {
  const doing = `Uploading "${key}" to bucket "${bucket}"`
  const source = new Source(body, () => aborted(doing, signal?.reason), signal)
  const sending = new Upload({
    client: s3Client(limits),
    partSize: PART_BYTES,
    queueSize: PARTS_AT_A_TIME,
    params: {
      Bucket: bucket,
      Key: key,
      Body: Readable.from(source.chunks(), { highWaterMark: 1 }),
      ChecksumAlgorithm: 'CRC32',
      // The default, a checksum of the parts' checksums, is one that the SDK does not verify on the way back.
      ChecksumType: 'FULL_OBJECT',
    },
  })
  try {
    const { ETag } = await sending.done()
    return { etag: ETag ?? '', bytes: source.bytes }
  } catch (error) {
    if (source.failure !== undefined) throw source.failure
    throw bucketError(error, doing, 's3:PutObject and s3:AbortMultipartUpload')
  }
}

/**
 * Ends with an error when the signal aborts. `Upload.abort()` would not do: it rejects at once and aborts the parts
 * behind the caller's back, in a function that may be frozen by then.
 */
class Source {
  bytes = 0
  /** Why there is no next chunk; not what the reader gave up for. */
  failure: unknown
  readonly #body: AsyncIterable<Uint8Array>
  readonly #aborted: () => Error
  readonly #signal: AbortSignal | undefined

  constructor(body: AsyncIterable<Uint8Array>, aborted: () => Error, signal: AbortSignal | undefined) {
    this.#body = body
    this.#aborted = aborted
    this.#signal = signal
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const iterator = this.#body[Symbol.asyncIterator]()
    try {
      for (let next = await this.#next(iterator); !next.done; next = await this.#next(iterator)) {
        this.bytes += next.value.byteLength
        yield next.value
      }
    } finally {
      // Not awaited: a source that is silent now would be silent for ever.
      iterator.return?.().catch(() => {})
    }
  }

  async #next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    const { promise: abort, reject } = Promise.withResolvers<never>()
    const onAbort = () => reject(this.#aborted())
    this.#signal?.addEventListener('abort', onAbort, { once: true })
    if (this.#signal?.aborted) onAbort()
    try {
      return await Promise.race([iterator.next(), abort])
    } catch (error) {
      this.failure = error
      throw error
    } finally {
      this.#signal?.removeEventListener('abort', onAbort)
    }
  }
}
