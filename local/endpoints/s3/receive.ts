import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AwsChunkedDecoder } from './aws-chunked.ts'
import { type Algorithm, declaredIn, headerOf, parseAlgorithm, running } from './checksums.ts'
import { badDigest, incompleteBody, invalidRequest, S3Error } from './errors.ts'
import { header, type S3Request } from './request.ts'
import { writeFile } from './write-file.ts'

/** A body as it was written to a file. */
export interface Received {
  readonly bytes: number
  /** In hexadecimal: what an ETag is made of. */
  readonly tag: string
  /** Base64: of the algorithm that came with the body, or that was asked for. */
  readonly checksums: ReadonlyMap<Algorithm, string>
}

/**
 * Streams the body of a request to a new file, which is on the disk when this resolves, and is gone when it rejects.
 * Verifies the length, Content-MD5, x-amz-content-sha256 and the checksum of a header or trailer.
 *
 * @param asked an algorithm to compute whether or not the client sends its checksum
 * @param tagOf `md5`: the MD5 of the bytes. `checksum`: where they come with a checksum, which is verified, the MD5 of that;
 *   MD5 of all of them would take longer than everything else here
 */
export async function receive(
  request: S3Request,
  path: string,
  { asked = null, tagOf = 'md5' }: { asked?: Algorithm | null; tagOf?: 'md5' | 'checksum' } = {},
): Promise<Received> {
  const { headers } = request
  const sha256 = header(headers, 'x-amz-content-sha256') ?? ''
  const decoder = isChunked(headers, sha256) ? new AwsChunkedDecoder() : null
  const announced = announcedAlgorithms(headers)
  const digests = new Map([...announced, ...(asked ? [asked] : [])].map((name) => [name, running(name)]))
  const whole = /^[0-9a-f]{64}$/.test(sha256) ? createHash('sha256') : null
  const sent = header(headers, 'content-md5')
  const md5 = tagOf === 'checksum' && announced.size > 0 && sent === undefined ? null : createHash('md5')
  let bytes = 0

  const updated = [...(md5 ? [md5] : []), ...(whole ? [whole] : []), ...digests.values()]
  const measured = (chunk: Buffer): void => {
    bytes += chunk.length
    for (const digest of updated) digest.update(chunk)
  }

  // The request itself must outlive a failure: the answer goes out on its socket.
  const body = request.body.iterator({ destroyOnReturn: false })
  try {
    if (decoder === null) await writeFile(path, body, measured)
    else await pipeline(Readable.from(body), decoder, (decoded) => writeFile(path, decoded, measured))
    const checksums = new Map([...digests].map(([name, digest]) => [name, digest.digest().toString('base64')]))
    const tag = (md5 ?? createHash('md5').update(JSON.stringify([bytes, ...checksums]))).digest()
    const received: Received = { bytes, tag: tag.toString('hex'), checksums }
    verifyLength(headers, bytes)
    if (whole && whole.digest('hex') !== sha256) {
      throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The x-amz-content-sha256 does not match what was received.')
    }
    verifyMd5(sent, tag)
    verifyChecksums(announced, { ...headers, ...decoder?.trailers }, received)
    return received
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

const isChunked = (headers: IncomingHttpHeaders, sha256: string): boolean =>
  sha256.startsWith('STREAMING-') || (header(headers, 'content-encoding') ?? '').includes('aws-chunked')

/** Of the checksums that come as headers, or are announced as trailers. */
const announcedAlgorithms = (headers: IncomingHttpHeaders): Set<Algorithm> => {
  const prefix = 'x-amz-checksum-'
  const trailers = (header(headers, 'x-amz-trailer') ?? '').split(',').map((name) => name.trim().toLowerCase())
  const named = trailers
    .filter((name) => name.startsWith(prefix))
    .map((name) => parseAlgorithm(name.slice(prefix.length)))
  return new Set([...declaredIn(headers).keys(), ...named])
}

const verifyLength = (headers: IncomingHttpHeaders, bytes: number): void => {
  const announced = header(headers, 'x-amz-decoded-content-length')
  if (announced === undefined || Number(announced) === bytes) return
  throw incompleteBody(`The body has ${bytes} bytes, not the ${announced} of x-amz-decoded-content-length.`)
}

const verifyMd5 = (sent: string | undefined, md5: Buffer): void => {
  if (sent === undefined) return
  const bytes = Buffer.from(sent, 'base64')
  if (bytes.length !== 16)
    throw new S3Error(400, 'InvalidDigest', `The Content-MD5 you specified is not valid: "${sent}".`)
  if (!bytes.equals(md5)) throw badDigest('Content-MD5')
}

const verifyChecksums = (
  announced: ReadonlySet<Algorithm>,
  fields: Readonly<Record<string, string | string[] | undefined>>,
  { checksums }: Received,
): void => {
  const declared = declaredIn(fields)
  for (const algorithm of announced) {
    if (!declared.has(algorithm)) throw invalidRequest(`The trailer ${headerOf(algorithm)} did not come.`)
    if (declared.get(algorithm) !== checksums.get(algorithm)) throw badDigest(algorithm)
  }
}
