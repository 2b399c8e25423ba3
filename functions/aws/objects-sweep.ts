import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3'
import { LIMITS, type Limits } from '#aws/clients.ts'
import { decodeKey, s3Objects } from '#aws/objects.ts'
import { bucketError, isMissing } from '#aws/objects-errors.ts'
import { s3Client } from '#aws/s3-client.ts'
import { nameOf } from '#aws/sdk-errors.ts'
import type { SweptObjects } from '#core/ports.ts'

/** The bucket with what a person needs to clear up, with that person's credentials. Errors: `Bucket.*`. */
export const s3SweptObjects = (bucket: string, limits: Limits = LIMITS): SweptObjects => {
  const client = () => s3Client(limits)
  return {
    ...s3Objects(bucket, limits),
    async delete(key) {
      try {
        await client().send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
      } catch (error) {
        if (isMissing(error)) return
        throw bucketError(error, `Deleting "${key}" of bucket "${bucket}"`, 's3:DeleteObject')
      }
    },
    async *uploads(prefix) {
      let after: { KeyMarker?: string; UploadIdMarker?: string } | null = {}
      while (after !== null) {
        const page: ListMultipartUploadsCommandOutput = await client()
          .send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...after }))
          .catch((error: unknown) => {
            throw bucketError(
              error,
              `Listing the uploads of "${prefix}" of bucket "${bucket}"`,
              's3:ListBucketMultipartUploads',
            )
          })
        for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
          yield { key: decodeKey(Key ?? ''), id: UploadId ?? '', startedAt: Initiated ?? new Date() }
        }
        after = page.IsTruncated ? markersOf(page) : null
      }
    },
    async abort({ key, id }) {
      try {
        await client().send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id }))
      } catch (error) {
        if (nameOf(error) === 'NoSuchUpload') return
        throw bucketError(error, `Aborting an upload of "${key}" to bucket "${bucket}"`, 's3:AbortMultipartUpload')
      }
    },
  }
}

const markersOf = ({ NextKeyMarker, NextUploadIdMarker }: ListMultipartUploadsCommandOutput) => ({
  ...(NextKeyMarker === undefined ? {} : { KeyMarker: decodeKey(NextKeyMarker) }),
  ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
})
