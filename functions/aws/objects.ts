import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { LIMITS, type Limits } from '#aws/clients.ts'
import { download } from '#aws/objects-download.ts'
import { aborted, bucketError, isMissing } from '#aws/objects-errors.ts'
import { encryptedWith, upload } from '#aws/objects-upload.ts'
import { s3Client } from '#aws/s3-client.ts'
import { attemptsOf, httpStatusOf } from '#aws/sdk-errors.ts'
import type { Objects } from '#core/ports.ts'

/** The ARN of the KMS key that an object is encrypted with; `undefined` for the bucket's default. */
export type KeyFor = (key: string) => string | undefined

/** One S3 bucket; a function is asked for its name at each call. Errors: `Bucket.*`. */
export const s3Objects = (
  name: string | (() => string),
  limits: Limits = LIMITS,
  keyFor: KeyFor = () => undefined,
): Objects => {
  const client = () => s3Client(limits)
  const place = () => ({ bucket: typeof name === 'string' ? name : name(), limits })

  const read: Objects['read'] = async (key) => {
    const { bucket } = place()
    try {
      const { Body, ETag } = await client().send(new GetObjectCommand({ Bucket: bucket, Key: key }))
      return { body: (await Body?.transformToByteArray()) ?? new Uint8Array(), etag: ETag ?? '' }
    } catch (error) {
      if (isMissing(error)) return null
      throw bucketError(error, `Reading "${key}" of bucket "${bucket}"`, 's3:GetObject')
    }
  }

  /** The SDK repeats a write whose answer was lost; its second call then meets what the first one wrote. */
  const writtenByUs = async (key: string, body: Uint8Array | string): Promise<{ etag: string } | null> => {
    const found = await read(key)
    return found && Buffer.from(body).equals(found.body) ? { etag: found.etag } : null
  }

  return {
    read,
    async head(key) {
      const { bucket } = place()
      try {
        const { ContentLength, ETag } = await client().send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        return { key, bytes: ContentLength ?? 0, etag: ETag ?? '' }
      } catch (error) {
        if (isMissing(error)) return null
        throw bucketError(error, `Looking for "${key}" in bucket "${bucket}"`, 's3:GetObject and s3:ListBucket')
      }
    },
    async write(key, body, condition, contentType) {
      const { bucket } = place()
      const put = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentLength: Buffer.byteLength(body),
        ...(contentType === undefined ? {} : { ContentType: contentType }),
        ...headersOf(condition),
        ...encryptedWith(keyFor(key)),
      })
      try {
        return { etag: (await client().send(put)).ETag ?? '' }
      } catch (error) {
        if (condition === undefined || !conditionFailed(error)) {
          throw bucketError(error, `Writing "${key}" to bucket "${bucket}"`, 's3:PutObject')
        }
        return attemptsOf(error) > 1 ? writtenByUs(key, body) : null
      }
    },
    stream: async (key, signal) => download(place(), key, signal),
    async upload(key, body, signal) {
      if (signal?.aborted) throw aborted(`Uploading "${key}" to bucket "${place().bucket}"`, signal.reason)
      return upload({ ...place(), kmsKey: keyFor(key) }, key, body, signal)
    },
    async *list(prefix) {
      const { bucket } = place()
      let token: string | undefined
      do {
        // Keys are asked for URL-encoded, since XML 1.0 cannot carry all of them.
        const list = { Bucket: bucket, Prefix: prefix, EncodingType: 'url', ContinuationToken: token } as const
        const page = await client()
          .send(new ListObjectsV2Command(list))
          .catch((error: unknown) => {
            throw bucketError(error, `Listing "${prefix}" of bucket "${bucket}"`, 's3:ListBucket')
          })
        for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
          yield { key: decodeKey(Key ?? ''), bytes: Size ?? 0, etag: ETag ?? '', modified: LastModified ?? new Date() }
        }
        token = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (token !== undefined)
    },
  }
}

const headersOf = (condition: { ifAbsent: true } | { ifMatch: string } | undefined) => {
  if (condition === undefined) return {}
  return 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.ifMatch }
}

/** 412, or 409 while another conditional write of the same key was under way; If-Match on a key that is gone is 404. */
const conditionFailed = (error: unknown): boolean => [409, 412].includes(httpStatusOf(error) ?? 0) || isMissing(error)

/** Of a listing with `EncodingType: 'url'`. */
export const decodeKey = (encoded: string): string => decodeURIComponent(encoded.replaceAll('+', ' '))
