import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { Limits } from '#aws/clients.ts'
import { aborted, bucketError } from '#aws/objects-errors.ts'
import { s3Client } from '#aws/s3-client.ts'
import { withUnsignedPayload } from '#aws/unsigned-payload.ts'

/** S3 wants at least 5 MiB for all but the last, and allows 10,000: an object has at most 48 GiB. */
const PIECE_BYTES = 5 * 1024 * 1024
const PIECES_AT_A_TIME = 3

interface Place {
  readonly bucket: string
  readonly limits: Limits
  /** ARN; `undefined` for the bucket's default. */
  readonly kmsKey: string | undefined
}

export const encryptedWith = (kmsKey: string | undefined) =>
  kmsKey === undefined ? {} : ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey } as const)

/**
 * Streams an object in pieces. Each carries a CRC-32, and the object one of its whole, which every download is verified
 * against. On any error, the source's own included (rethrown as it is), the upload is aborted. The buffers of the pieces are
 * used again and again: three that are sent and one that is filled are all the memory it takes, and no work for the
 * garbage collector.
 */
export async function upload(
  { bucket, limits, kmsKey }: Place,
  key: string,
  body: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ etag: string; bytes: number }> {
  const doing = `Uploading "${key}" to bucket "${bucket}"`
  const source = new Source(body, () => aborted(doing, signal?.reason), signal)
  const pieces = new Pieces({ bucket, limits, kmsKey }, key, signal)
  try {
    for await (const chunk of source.chunks()) await pieces.add(chunk)
    return { etag: await pieces.finish(), bytes: source.bytes }
  } catch (error) {
    await pieces.abandon()
    if (source.failure !== undefined) throw source.failure
    if (signal?.aborted) throw aborted(doing, signal.reason)
    throw bucketError(error, doing, 's3:PutObject and s3:AbortMultipartUpload')
  }
}

/** The pieces of one object: one is filled while others are sent. */
class Pieces {
  readonly #bucket: string
  readonly #limits: Limits
  readonly #kmsKey: string | undefined
  readonly #key: string
  readonly #signal: AbortSignal | undefined
  readonly #free: Buffer[] = []
  readonly #sending = new Set<Promise<void>>()
  readonly #sent: CompletedPart[] = []
  #failure: { readonly error: unknown } | undefined
  #filling: Buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
  #filled = 0
  #numbers = 0
  #uploadId: string | undefined

  constructor({ bucket, limits, kmsKey }: Place, key: string, signal: AbortSignal | undefined) {
    this.#bucket = bucket
    this.#limits = limits
    this.#kmsKey = kmsKey
    this.#key = key
    this.#signal = signal
  }

  /** Copies the bytes; waits while too many pieces are on their way. Throws what a piece failed with. */
  async add(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      // Only when there is more: the last piece, or the only one, is sent in another way.
      if (this.#filled === PIECE_BYTES) await this.#send()
      const fits = rest.subarray(0, PIECE_BYTES - this.#filled)
      this.#filling.set(fits, this.#filled)
      this.#filled += fits.length
      rest = rest.subarray(fits.length)
    }
  }

  /** Gives the etag. */
  async finish(): Promise<string> {
    if (this.#numbers === 0) {
      const put = new PutObjectCommand({
        ...this.#object(),
        ...encryptedWith(this.#kmsKey),
        Body: this.#content(),
        ChecksumAlgorithm: 'CRC32',
      })
      return (await this.#client().send(withUnsignedPayload(put), this.#options())).ETag ?? ''
    }
    await this.#send()
    await Promise.all(this.#sending)
    if (this.#failure) throw this.#failure.error
    const parts = this.#sent.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0))
    const complete = new CompleteMultipartUploadCommand({
      ...this.#object(),
      UploadId: this.#uploadId,
      MultipartUpload: { Parts: parts },
      ChecksumType: 'FULL_OBJECT',
    })
    return (await this.#client().send(complete, this.#options())).ETag ?? ''
  }

  /** Waits for what is on its way, so that nothing is added behind an upload that is gone. Never rejects. */
  async abandon(): Promise<void> {
    await Promise.all(this.#sending)
    if (this.#uploadId === undefined) return
    const abort = new AbortMultipartUploadCommand({ ...this.#object(), UploadId: this.#uploadId })
    // What cannot be aborted now is swept by the bucket's lifecycle rule.
    await this.#client()
      .send(abort)
      .catch(() => undefined)
  }

  async #send(): Promise<void> {
    if (this.#numbers === 0) {
      const create = new CreateMultipartUploadCommand({
        ...this.#object(),
        ...encryptedWith(this.#kmsKey),
        ChecksumAlgorithm: 'CRC32',
        // The default, a checksum of the parts' checksums, is one that the SDK does not verify on the way back.
        ChecksumType: 'FULL_OBJECT',
      })
      this.#uploadId = (await this.#client().send(create, this.#options())).UploadId
    }
    while (this.#sending.size >= PIECES_AT_A_TIME) await Promise.race(this.#sending)
    if (this.#failure) throw this.#failure.error
    const buffer = this.#filling
    this.#numbers += 1
    const sending: Promise<void> = this.#sendOne(this.#numbers, this.#content()).then(
      (part) => {
        this.#sent.push(part)
        this.#free.push(buffer)
        this.#sending.delete(sending)
      },
      (error: unknown) => {
        this.#failure ??= { error }
        this.#sending.delete(sending)
      },
    )
    this.#sending.add(sending)
    this.#filling = this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES)
    this.#filled = 0
  }

  async #sendOne(number: number, content: Buffer): Promise<CompletedPart> {
    const part = new UploadPartCommand({
      ...this.#object(),
      UploadId: this.#uploadId,
      PartNumber: number,
      Body: content,
      ContentLength: content.length,
      ChecksumAlgorithm: 'CRC32',
    })
    const { ETag, ChecksumCRC32 } = await this.#client().send(withUnsignedPayload(part), this.#options())
    return { PartNumber: number, ETag, ChecksumCRC32 }
  }

  readonly #object = () => ({ Bucket: this.#bucket, Key: this.#key })
  readonly #content = () => this.#filling.subarray(0, this.#filled)
  readonly #client = () => s3Client(this.#limits)
  readonly #options = () => (this.#signal === undefined ? {} : { abortSignal: this.#signal })
}

/** Ends with an error when the signal aborts, also while the body is silent. */
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
