import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { invalidArgument, S3Error } from './errors.ts'

/** A call by path: `/<bucket>/<key>?<query>`. */
export interface S3Request {
  readonly method: string
  readonly bucket: string
  /** '' for calls of the bucket. */
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** S3: 1,024 bytes of UTF-8. */
const KEY_BYTES = 1_024

/** The path is taken as it stands: a key may contain `..`, `//` and a `/` at its end, which a URL parser would resolve. */
export const parseRequest = (request: IncomingMessage): S3Request => {
  const [path, query] = split(request.url ?? '/', '?')
  const [bucket, encodedKey] = split(path.slice(1), '/')
  const key = decode(encodedKey)
  if (Buffer.byteLength(key) > KEY_BYTES) {
    throw new S3Error(400, 'KeyTooLongError', `Your key is too long: more than ${KEY_BYTES} bytes.`)
  }
  return {
    method: request.method ?? 'GET',
    bucket: decode(bucket),
    key,
    query: new URLSearchParams(query),
    headers: request.headers,
    body: request,
  }
}

export const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

/** A whole number of the query. Throws InvalidArgument. */
export const numberOf = (
  query: URLSearchParams,
  name: string,
  { from, to }: { from: number; to: number },
): number | null => {
  const text = query.get(name)
  if (text === null) return null
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= from && value <= to) return value
  throw invalidArgument(`${name} must be a number from ${from} to ${to}, not "${text}".`)
}

const split = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidArgument(`Not a URL-encoded name: "${text}".`)
  }
}
