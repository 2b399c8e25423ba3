import type { S3Call } from './call.ts'
import { type Algorithm, headerOf, parseAlgorithm } from './checksums.ts'
import { invalidArgument, invalidRequest } from './errors.ts'
import { receive } from './receive.ts'
import { emptyReply, type S3Reply, xmlReply } from './reply.ts'
import { header, numberOf } from './request.ts'
import { headersToKeep } from './stored-object.ts'
import type { Upload } from './uploads.ts'
import { document, element } from './xml.ts'

const MAX_PARTS = 10_000

export const createMultipartUpload = async ({ request, bucket, now }: S3Call): Promise<S3Reply> => {
  const { key, headers } = request
  const checksum = checksumAsked(headers)
  const upload = bucket.uploads.create({
    key,
    initiated: now().toISOString(),
    headers: headersToKeep(headers),
    checksum,
  })
  return xmlReply(
    document('InitiateMultipartUploadResult', [
      element('Bucket', bucket.name),
      element('Key', key),
      element('UploadId', upload.id),
    ]),
    checksum === null ? {} : { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type },
  )
}

/** When the client does not say which, S3 takes the type of the whole for CRC-64/NVME only. */
const checksumAsked = (headers: S3Call['request']['headers']): Upload['checksum'] => {
  const name = header(headers, 'x-amz-checksum-algorithm')
  const type = header(headers, 'x-amz-checksum-type')
  if (name === undefined) {
    if (type === undefined) return null
    throw invalidRequest('x-amz-checksum-type needs x-amz-checksum-algorithm.')
  }
  const algorithm = parseAlgorithm(name)
  const asked = type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (asked !== 'FULL_OBJECT' && asked !== 'COMPOSITE') throw invalidRequest(`Not a checksum type: "${asked}".`)
  if (isPossible(algorithm, asked)) return { algorithm, type: asked }
  throw invalidRequest(`The ${asked} checksum type cannot be used with the ${algorithm} checksum algorithm.`)
}

const isPossible = (algorithm: Algorithm, type: 'FULL_OBJECT' | 'COMPOSITE'): boolean =>
  type === 'FULL_OBJECT' ? algorithm.startsWith('CRC') : algorithm !== 'CRC64NVME'

export const uploadPart = async ({ request, bucket }: S3Call): Promise<S3Reply> => {
  const { key, query } = request
  const id = query.get('uploadId') ?? ''
  const number = numberOf(query, 'partNumber', { from: 1, to: MAX_PARTS })
  if (number === null) throw invalidArgument('UploadPart needs a partNumber.')
  const { upload } = bucket.uploads.get(id, key)
  const { file, path } = bucket.uploads.newPart(id)
  const algorithm = upload.checksum?.algorithm ?? null
  // What the ETag of a part is, S3 leaves open.
  const { bytes, tag, checksums } = await receive(request, path, { asked: algorithm, tagOf: 'checksum' })
  const checksum = (algorithm && checksums.get(algorithm)) ?? null
  // Throws when the upload was aborted meanwhile; its folder, and the file in it, are gone then.
  bucket.uploads.addPart(id, key, { number, file, bytes, md5: tag, checksum })
  const values = Object.fromEntries([...checksums].map(([name, value]) => [headerOf(name), value]))
  return emptyReply({ etag: `"${tag}"`, ...values })
}

export const abortMultipartUpload = async ({ request, bucket }: S3Call): Promise<S3Reply> => {
  const id = request.query.get('uploadId') ?? ''
  bucket.uploads.get(id, request.key)
  bucket.uploads.remove(id)
  return emptyReply({}, 204)
}
