import type { S3Operation } from './call.ts'
import { completeMultipartUpload } from './complete-upload.ts'
import { listObjects } from './list-objects.ts'
import { listMultipartUploads } from './list-uploads.ts'
import { abortMultipartUpload, createMultipartUpload, uploadPart } from './multipart.ts'
import { deleteObject, getObject, headObject, putObject } from './objects.ts'
import { emptyReply } from './reply.ts'
import type { S3Request } from './request.ts'

interface Route {
  /** As AWS names it. */
  readonly operation: string
  readonly method: string
  readonly on: 'bucket' | 'key'
  /** Query parameters that make it this operation. */
  readonly needs: readonly string[]
  /** Further ones that it knows. Any other is another operation's, or a feature that is not here. */
  readonly knows: readonly string[]
  /** `null`: made by the caller, since there is no bucket yet. */
  readonly run: S3Operation | null
}

const LIST = ['prefix', 'delimiter', 'continuation-token', 'start-after', 'max-keys', 'encoding-type', 'fetch-owner']

const ROUTES: readonly Route[] = [
  { operation: 'CreateBucket', method: 'PUT', on: 'bucket', needs: [], knows: [], run: null },
  { operation: 'HeadBucket', method: 'HEAD', on: 'bucket', needs: [], knows: [], run: async () => emptyReply() },
  { operation: 'ListObjectsV2', method: 'GET', on: 'bucket', needs: ['list-type'], knows: LIST, run: listObjects },
  {
    operation: 'ListMultipartUploads',
    method: 'GET',
    on: 'bucket',
    needs: ['uploads'],
    knows: ['prefix', 'encoding-type', 'key-marker', 'upload-id-marker', 'max-uploads'],
    run: listMultipartUploads,
  },
  {
    operation: 'UploadPart',
    method: 'PUT',
    on: 'key',
    needs: ['partNumber', 'uploadId'],
    knows: [],
    run: uploadPart,
  },
  {
    operation: 'AbortMultipartUpload',
    method: 'DELETE',
    on: 'key',
    needs: ['uploadId'],
    knows: [],
    run: abortMultipartUpload,
  },
  {
    operation: 'CreateMultipartUpload',
    method: 'POST',
    on: 'key',
    needs: ['uploads'],
    knows: [],
    run: createMultipartUpload,
  },
  {
    operation: 'CompleteMultipartUpload',
    method: 'POST',
    on: 'key',
    needs: ['uploadId'],
    knows: [],
    run: completeMultipartUpload,
  },
  { operation: 'PutObject', method: 'PUT', on: 'key', needs: [], knows: [], run: putObject },
  { operation: 'GetObject', method: 'GET', on: 'key', needs: [], knows: [], run: getObject },
  { operation: 'HeadObject', method: 'HEAD', on: 'key', needs: [], knows: [], run: headObject },
  { operation: 'DeleteObject', method: 'DELETE', on: 'key', needs: [], knows: [], run: deleteObject },
]

/** Of these a part would be ignored in silence, with another effect than in AWS. */
const UNKNOWN_HEADERS = ['x-amz-copy-source', 'x-amz-server-side-encryption-customer-algorithm']

/** `null` for what these endpoints do not serve. */
export const routeOf = ({ method, bucket, key, query, headers }: S3Request): Route | null => {
  if (bucket === '' || UNKNOWN_HEADERS.some((name) => headers[name] !== undefined)) return null
  // `x-id` is the SDK's own label; X-Amz-… are the parts of a presigned URL.
  const given = [...query.keys()].filter((name) => name !== 'x-id' && !name.startsWith('X-Amz-'))
  const found = ROUTES.find(
    (route) =>
      route.method === method &&
      route.on === (key === '' ? 'bucket' : 'key') &&
      route.needs.every((name) => given.includes(name)) &&
      given.every((name) => route.needs.includes(name) || route.knows.includes(name)),
  )
  return found ?? null
}
