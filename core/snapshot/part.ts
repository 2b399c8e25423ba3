import { z } from 'zod'
import type { Sha256 } from '#core/names.ts'

export const Hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((hash) => hash as Sha256)
const Count = z.int().min(0)
export const TableName = z.strictObject({ schema: z.string().min(1), name: z.string().min(1) })
export const Digest = z.string().regex(/^[0-9a-f]{32}$/)

/** One item of `parts.json`: a range of pages of a retired table, and the key of the object that will hold its rows. */
export const PartItem = z.strictObject({
  snapshot: z.string().min(1),
  /** Number of the part in its snapshot, from 0. */
  index: Count,
  /** Where the rows lie now, out of reach. */
  table: TableName,
  /** Columns that are copied, in this order; generated ones are not. */
  columns: z.array(z.string().min(1)),
  format: z.enum(['binary', 'text']),
  /** Heap pages: `from` included, `to` excluded; `null` on the last one: to the end. */
  from: Count,
  to: Count.nullable(),
  key: z.string().min(1),
})
export type PartItem = z.infer<typeof PartItem>

/** What a part turned out to hold: the sidecar `<key>.json`, written after the part. */
export const PartContent = z.strictObject({
  index: Count,
  key: z.string().min(1),
  rows: Count,
  /** Digest of the rows, see `RowDigest`. */
  digest: Digest,
  /** Bytes of the COPY stream. */
  rawBytes: Count,
  rawSha256: Hash,
  /** Bytes of the object: the stream, compressed by zstd. */
  storedBytes: Count,
  storedSha256: Hash,
})
export type PartContent = z.infer<typeof PartContent>
