import type { S3Call } from './call.ts'
import { encoding } from './list-objects.ts'
import { type S3Reply, xmlReply } from './reply.ts'
import { numberOf } from './request.ts'
import type { Upload } from './uploads.ts'
import { document, element } from './xml.ts'

const MAX_UPLOADS = 1_000

/** ListMultipartUploads: those under way, in the order of their keys, at most max-uploads (1,000) to a page. */
export const listMultipartUploads = async ({ request, bucket }: S3Call): Promise<S3Reply> => {
  const { query } = request
  const prefix = query.get('prefix') ?? ''
  const key = query.get('key-marker')
  const id = query.get('upload-id-marker')
  const size = Math.min(numberOf(query, 'max-uploads', { from: 1, to: 2 ** 31 - 1 }) ?? MAX_UPLOADS, MAX_UPLOADS)
  const encode = encoding(query.get('encoding-type'))
  const found = bucket.uploads
    .all()
    .filter((upload) => upload.key.startsWith(prefix) && (key === null || isAfter(upload, key, id)))
    .sort((a, b) => byKey(a.key, b.key) || (a.id < b.id ? -1 : 1))
  const shown = found.slice(0, size)
  const last = shown.length < found.length ? shown.at(-1) : undefined
  return xmlReply(
    document('ListMultipartUploadsResult', [
      element('Bucket', bucket.name),
      element('Prefix', encode(prefix)),
      element('MaxUploads', size),
      element('IsTruncated', last !== undefined),
      ...(query.has('encoding-type') ? [element('EncodingType', 'url')] : []),
      ...(last ? [element('NextKeyMarker', encode(last.key)), element('NextUploadIdMarker', last.id)] : []),
      ...shown.map(({ key, id, initiated }) =>
        element('Upload', [element('Key', encode(key)), element('UploadId', id), element('Initiated', initiated)]),
      ),
    ]),
  )
}

/** In UTF-8 order, which is not that of JavaScript's strings. */
const byKey = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Without an id the whole key is passed over. */
const isAfter = (upload: Upload, key: string, id: string | null): boolean => {
  const order = byKey(upload.key, key)
  return order > 0 || (order === 0 && id !== null && upload.id > id)
}
