import type { S3Call } from './call.ts'
import { invalidArgument } from './errors.ts'
import { type S3Reply, xmlReply } from './reply.ts'
import { numberOf } from './request.ts'
import { document, element } from './xml.ts'

const MAX_KEYS = 1_000

/** ListObjectsV2: in UTF-8 order; keys and common prefixes together are at most max-keys (1,000). */
export const listObjects = async ({ request, bucket }: S3Call): Promise<S3Reply> => {
  const { query } = request
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const asked = Math.min(numberOf(query, 'max-keys', { from: 0, to: 2 ** 31 - 1 }) ?? MAX_KEYS, MAX_KEYS)
  const after = token === null ? (query.get('start-after') ?? '') : fromToken(token)
  const encode = encoding(query.get('encoding-type'))

  const { entries, last, truncated } = pageOf(bucket.keys(), { prefix, delimiter, after, size: asked })
  const contents = entries.flatMap((entry) => ('key' in entry ? (bucket.get(entry.key) ?? []) : []))
  const prefixes = entries.flatMap((entry) => ('commonPrefix' in entry ? [entry.commonPrefix] : []))
  return xmlReply(
    document('ListBucketResult', [
      element('Name', bucket.name),
      element('Prefix', encode(prefix)),
      ...(delimiter === '' ? [] : [element('Delimiter', encode(delimiter))]),
      element('MaxKeys', asked),
      element('KeyCount', entries.length),
      element('IsTruncated', truncated),
      ...(query.has('encoding-type') ? [element('EncodingType', 'url')] : []),
      ...(token === null ? [] : [element('ContinuationToken', token)]),
      ...(truncated ? [element('NextContinuationToken', toToken(last))] : []),
      ...contents.map(({ key, bytes, etag, modified }) =>
        element('Contents', [
          element('Key', encode(key)),
          element('LastModified', modified),
          element('ETag', etag),
          element('Size', bytes),
          element('StorageClass', 'STANDARD'),
        ]),
      ),
      ...prefixes.map((common) => element('CommonPrefixes', [element('Prefix', encode(common))])),
    ]),
  )
}

type Entry = { readonly key: string } | { readonly commonPrefix: string }

interface Page {
  readonly entries: readonly Entry[]
  /** Where the next page goes on, exclusive: a key, or a common prefix with all that it stands for. */
  readonly last: string
  readonly truncated: boolean
}

const pageOf = (
  keys: readonly string[],
  { prefix, delimiter, after, size }: { prefix: string; delimiter: string; after: string; size: number },
): Page => {
  const entries: Entry[] = []
  let last = after
  if (size === 0) return { entries, last, truncated: false }
  for (const key of keys) {
    if (!key.startsWith(prefix) || isBefore(key, after)) continue
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const commonPrefix = end === -1 ? null : key.slice(0, end + delimiter.length)
    if (commonPrefix !== null && commonPrefix === last) continue
    if (entries.length === size) return { entries, last, truncated: true }
    entries.push(commonPrefix === null ? { key } : { commonPrefix })
    last = commonPrefix ?? key
  }
  return { entries, last, truncated: false }
}

/** In UTF-8 order, which is not that of JavaScript's strings. */
const isBefore = (key: string, after: string): boolean =>
  after !== '' && Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0

const toToken = (last: string): string => Buffer.from(last).toString('base64url')

const fromToken = (token: string): string => {
  const last = Buffer.from(token, 'base64url').toString('utf8')
  if (last !== '' && toToken(last) === token) return last
  throw invalidArgument('The continuation token provided is incorrect')
}

/** How keys are written into the answer. */
export const encoding = (type: string | null): ((text: string) => string) => {
  if (type === null) return (text) => text
  if (type !== 'url') throw invalidArgument(`Invalid Encoding Method specified in Request: "${type}".`)
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+')
}
