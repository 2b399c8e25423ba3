import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Bucket } from './bucket.ts'
import type { S3Call } from './call.ts'
import { headerOf } from './checksums.ts'
import { conditionOf } from './condition.ts'
import { noSuchKey } from './errors.ts'
import { parseRange, type Range } from './range.ts'
import { receive } from './receive.ts'
import { emptyReply, type S3Reply } from './reply.ts'
import { header } from './request.ts'
import { headersToKeep, type StoredObject } from './stored-object.ts'

export const putObject = async ({ request, bucket, now }: S3Call): Promise<S3Reply> => {
  const condition = conditionOf(request.headers)
  // What cannot be written need not be received; it is checked again, for good, when the bytes are there.
  condition(request.key, bucket.get(request.key))
  const { name, path } = bucket.newFile()
  const { bytes, tag, checksums } = await receive(request, path)
  const [[algorithm, value] = []] = checksums
  const object: StoredObject = {
    key: request.key,
    files: [{ name, bytes }],
    bytes,
    etag: `"${tag}"`,
    modified: now().toISOString(),
    headers: headersToKeep(request.headers),
    checksum: algorithm === undefined || value === undefined ? null : { algorithm, type: 'FULL_OBJECT', value },
  }
  bucket.commit(object, condition)
  return emptyReply({ etag: object.etag, ...checksumHeaders(object) })
}

export const getObject = async ({ request, bucket }: S3Call): Promise<S3Reply> => {
  const object = find(bucket, request.key)
  const range = parseRange(header(request.headers, 'range'), object.bytes)
  const { first, last } = range ?? { first: 0, last: object.bytes - 1 }
  const body = Readable.from(read(bucket, object, { first, last }), { objectMode: false })
  body.once('close', bucket.hold(object))
  return { ...answerTo(request.headers, object, range), body }
}

export const headObject = async ({ request, bucket }: S3Call): Promise<S3Reply> => {
  const object = find(bucket, request.key)
  return { ...answerTo(request.headers, object, parseRange(header(request.headers, 'range'), object.bytes)), body: '' }
}

/** As S3 has it, deleting what is not there is done already. */
export const deleteObject = async ({ request, bucket }: S3Call): Promise<S3Reply> => {
  bucket.remove(request.key)
  return emptyReply({}, 204)
}

const find = (bucket: Bucket, key: string): StoredObject => {
  const object = bucket.get(key)
  if (object === undefined) throw noSuchKey(key)
  return object
}

const answerTo = (
  headers: S3Call['request']['headers'],
  object: StoredObject,
  range: Range | null,
): Omit<S3Reply, 'body'> => ({
  status: range === null ? 200 : 206,
  headers: {
    ...object.headers,
    etag: object.etag,
    'last-modified': new Date(object.modified).toUTCString(),
    'accept-ranges': 'bytes',
    'content-length': String(range === null ? object.bytes : range.last - range.first + 1),
    ...(range === null ? {} : { 'content-range': `bytes ${range.first}-${range.last}/${object.bytes}` }),
    // The checksum is that of the whole: with a range it would be taken for that of the range.
    ...(range === null && header(headers, 'x-amz-checksum-mode') === 'ENABLED' ? checksumHeaders(object) : {}),
  },
})

export const checksumHeaders = ({ checksum }: Pick<StoredObject, 'checksum'>): Record<string, string> =>
  checksum === null ? {} : { [headerOf(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }

async function* read(bucket: Bucket, object: StoredObject, { first, last }: Range): AsyncGenerator<Buffer> {
  let start = 0
  for (const { name, bytes } of object.files) {
    const from = Math.max(first - start, 0)
    const to = Math.min(last - start, bytes - 1)
    if (from <= to) yield* createReadStream(bucket.path(name), { start: from, end: to })
    start += bytes
  }
}
