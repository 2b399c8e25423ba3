import { createHash } from 'node:crypto'
import { linkSync } from 'node:fs'
import type { Bucket } from './bucket.ts'
import type { S3Call } from './call.ts'
import { combined, elementOf, headerOf } from './checksums.ts'
import { conditionOf, unquoted } from './condition.ts'
import { badDigest, invalidRequest, malformedXml, S3Error } from './errors.ts'
import { checksumHeaders } from './objects.ts'
import { type S3Reply, xmlReply } from './reply.ts'
import { header, type S3Request } from './request.ts'
import type { StoredObject } from './stored-object.ts'
import type { Part, Upload } from './uploads.ts'
import { document, element, elementsOf, textOf } from './xml.ts'

/** Of every part but the last. */
const MIN_PART_BYTES = 5 * 1024 * 1024
/** 10,000 parts, each with the longest checksum, are less. */
const MAX_XML_BYTES = 4 * 1024 * 1024

/**
 * Makes the parts named in the request one object. The files of the parts become those of the object, by a second name,
 * so that it takes no time, however large they are; and a kill leaves either the upload or the object.
 */
export const completeMultipartUpload = async ({ request, bucket, now }: S3Call): Promise<S3Reply> => {
  const { key, query, headers } = request
  const id = query.get('uploadId') ?? ''
  const condition = conditionOf(headers)
  const asked = parseParts(await text(request))
  // From here on without giving way: no part is added, and no other completes or aborts, in between.
  const { upload, parts: uploaded } = bucket.uploads.get(id, key)
  const parts = asked.map((part) => verified(part, uploaded.get(part.number), upload))
  verifySizes(parts)
  const checksum = checksumOf(upload, parts, request)
  condition(key, bucket.get(key))
  const object: StoredObject = {
    key,
    files: linked(bucket, id, parts),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    etag: etagOf(parts),
    modified: now().toISOString(),
    headers: upload.headers,
    checksum,
  }
  bucket.commit(object, condition)
  bucket.uploads.remove(id)
  return xmlReply(
    document('CompleteMultipartUploadResult', [
      element('Location', `/${bucket.name}/${encodeURIComponent(key)}`),
      element('Bucket', bucket.name),
      element('Key', key),
      element('ETag', object.etag),
      ...(checksum === null
        ? []
        : [element(elementOf(checksum.algorithm), checksum.value), element('ChecksumType', checksum.type)]),
    ]),
    checksumHeaders(object),
  )
}

interface Asked {
  readonly number: number
  readonly etag: string
  readonly xml: string
}

const parseParts = (xml: string): Asked[] => {
  const parts = elementsOf(xml, 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber') ?? Number.NaN),
    etag: unquoted(textOf(part, 'ETag') ?? ''),
    xml: part,
  }))
  if (parts.length === 0 || parts.some(({ number }) => !Number.isInteger(number))) throw malformedXml()
  if (parts.some(({ number }, index) => number <= (parts[index - 1]?.number ?? 0))) {
    throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.')
  }
  return parts
}

const verified = (asked: Asked, part: Part | undefined, { checksum }: Upload): Part => {
  const said = checksum && textOf(asked.xml, elementOf(checksum.algorithm))
  if (part !== undefined && part.md5 === asked.etag && (said === null || said === part.checksum)) return part
  throw new S3Error(400, 'InvalidPart', `Part ${asked.number} was not uploaded, or not with this ETag and checksum.`)
}

const verifySizes = (parts: readonly Part[]): void => {
  const small = parts.slice(0, -1).find(({ bytes }) => bytes < MIN_PART_BYTES)
  if (small === undefined) return
  throw new S3Error(
    400,
    'EntityTooSmall',
    `Part ${small.number} has ${small.bytes} bytes: fewer than ${MIN_PART_BYTES}.`,
  )
}

/** Verified against the one that the client may send of the whole. */
const checksumOf = ({ checksum }: Upload, parts: readonly Part[], request: S3Request): StoredObject['checksum'] => {
  if (checksum === null) return null
  const { algorithm, type } = checksum
  const values = parts.map(({ checksum: value, bytes }) => {
    if (value === null) throw invalidRequest('A part has no checksum.')
    return { value, bytes }
  })
  const computed = combined(algorithm, type, values)
  const sent = header(request.headers, headerOf(algorithm))
  if (sent !== undefined && sent !== computed.value) throw badDigest(algorithm)
  return computed
}

const etagOf = (parts: readonly Part[]): string => {
  const md5 = createHash('md5')
  for (const part of parts) md5.update(part.md5, 'hex')
  return `"${md5.digest('hex')}-${parts.length}"`
}

const linked = (bucket: Bucket, id: string, parts: readonly Part[]): StoredObject['files'] =>
  parts.map((part) => {
    const { name, path } = bucket.newFile()
    linkSync(bucket.uploads.partPath(id, part), path)
    return { name, bytes: part.bytes }
  })

const text = async ({ body }: S3Request): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > MAX_XML_BYTES) throw malformedXml()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
