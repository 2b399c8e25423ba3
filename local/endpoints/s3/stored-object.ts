import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { header } from './request.ts'

export const Algorithm = z.enum(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'])
export const ChecksumType = z.enum(['FULL_OBJECT', 'COMPOSITE'])

/** The JSON beside an object: it is what makes bytes an object. */
export const StoredObject = z.strictObject({
  key: z.string(),
  /** The files with its bytes, in order: one, or those of its parts. Each write has new ones. */
  files: z.array(z.strictObject({ name: z.string(), bytes: z.int().min(0) })),
  bytes: z.int().min(0),
  /** With its quotes. */
  etag: z.string(),
  modified: z.iso.datetime(),
  /** To be given back: Content-Type, x-amz-meta-…, … */
  headers: z.record(z.string(), z.string()),
  checksum: z.strictObject({ algorithm: Algorithm, type: ChecksumType, value: z.string() }).nullable(),
})
export type StoredObject = z.infer<typeof StoredObject>

const KEPT = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
  // Nothing is encrypted here; which key was asked for can be seen.
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
]

/** The headers of an upload that belong to the object. */
export const headersToKeep = (headers: IncomingHttpHeaders): Record<string, string> => {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  for (const name of Object.keys(headers)) {
    const value = header(headers, name)
    if (value !== undefined && (KEPT.includes(name) || name.startsWith('x-amz-meta-'))) kept[name] = value
  }
  // aws-chunked is the framing of the request, not an encoding of the object.
  const encodings = (header(headers, 'content-encoding') ?? '').split(',').map((encoding) => encoding.trim())
  const own = encodings.filter((encoding) => encoding !== '' && encoding !== 'aws-chunked')
  return own.length === 0 ? kept : { ...kept, 'content-encoding': own.join(', ') }
}
