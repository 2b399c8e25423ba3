import { RollbackError } from '#core/errors.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Objects, Session } from '#core/ports.ts'
import { readColumns } from '#core/snapshot/columns.ts'
import { sidecarKey } from '#core/snapshot/keys.ts'
import { whereInRange } from '#core/snapshot/page-range.ts'
import { PartContent, type PartItem } from '#core/snapshot/part.ts'
import { readRetired } from '#core/snapshot/read-retired.ts'
import { type RowDigest, rowDigest } from '#core/snapshot/row-digest.ts'
import { compressed, type Measure, measured } from '#core/snapshot/stream.ts'
import { isDigestOfStream, TupleDigest } from '#core/snapshot/tuple-digest.ts'
import { type Sql, sql } from '#core/sql/tag.ts'

const copyStatement = ({ table, columns, format, from, to }: PartItem): Sql =>
  sql`copy (select ${sql.join(columns.map((column) => sql.id('t', column)))} from only ${sql.id(table.schema, table.name)} t
    ${whereInRange({ from, to })}) to stdout (format ${sql.raw(format)})`

/**
 * Copies one part into the bucket: rows and their digest from one snapshot of the database, in one pass to S3. Rows, raw
 * and stored SHA-256 go into the sidecar, after the part. A part with its sidecar is kept as it is. Where the stream has
 * all that the digest is made of, the digest is that of the very rows in it; else the server reads them a second time.
 * Throws `Snapshot.Incomplete` when the stream ended early.
 *
 * @param begin what the transaction starts with: whose rows it reads, and as of when
 */
export async function snapshotPart(
  session: Session,
  objects: Objects,
  item: PartItem,
  signal?: AbortSignal,
  begin: (session: Session) => Promise<void> = readRetired,
): Promise<{ changed: boolean; part: PartContent }> {
  const earlier = await storedPart(objects, item)
  if (earlier) return { changed: false, part: earlier }
  const part = await session.transaction(
    async () => {
      await begin(session)
      return copyPart(session, objects, item, signal)
    },
    { isolation: 'repeatable read', readOnly: true },
  )
  await writeJson(objects, sidecarKey(item.key), part)
  return { changed: true, part }
}

async function copyPart(session: Session, objects: Objects, item: PartItem, signal?: AbortSignal) {
  const watch = await watchFor(session, item)
  let raw: Measure | undefined
  let stored: Measure | undefined
  const body = measured(watch.watch(session.copyOut(copyStatement(item), signal)), (measure) => {
    if (!watch.isComplete) throw incomplete(item, measure.bytes)
    raw = measure
  })
  await objects.upload(
    item.key,
    measured(compressed(body), (measure) => {
      stored = measure
    }),
    signal,
  )
  if (!raw || !stored) throw incomplete(item, 0)
  const { rows, digest } = watch.result
  return PartContent.parse({
    index: item.index,
    key: item.key,
    rows,
    digest,
    rawBytes: raw.bytes,
    rawSha256: raw.sha256,
    storedBytes: stored.bytes,
    storedSha256: stored.sha256,
  })
}

/** Sees whether the COPY stream that passes is whole, and knows the digest of its rows in the end. */
interface StreamWatch {
  watch(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
  readonly isComplete: boolean
  readonly result: RowDigest
}

async function watchFor(session: Session, item: PartItem): Promise<StreamWatch> {
  const columns = await readColumns(session, item.table)
  const all = columns.length === item.columns.length && columns.every(({ name }, at) => name === item.columns[at])
  if (all && isDigestOfStream(columns, item.format)) {
    return new TupleDigest(columns.length)
  }
  return new StreamEnding(item.format, await rowDigest(session, item.table, item))
}

/** What shows that a COPY stream is whole: the trailer of the binary format, one line per row in the text format. */
class StreamEnding implements StreamWatch {
  readonly result: RowDigest
  readonly #format: PartItem['format']
  #lines = 0
  #tail = Buffer.alloc(0)

  constructor(format: PartItem['format'], digest: RowDigest) {
    this.#format = format
    this.result = digest
  }

  async *watch(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#tail = Buffer.concat([this.#tail, chunk.subarray(-2)]).subarray(-2)
      if (this.#format === 'text') this.#lines += countLines(chunk)
      yield chunk
    }
  }

  get isComplete(): boolean {
    return this.#format === 'text' ? this.#lines === this.result.rows : this.#tail.equals(BINARY_TRAILER)
  }
}

/** A tuple with -1 columns. */
const BINARY_TRAILER = Buffer.from([0xff, 0xff])

const countLines = (chunk: Uint8Array): number => {
  let lines = 0
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1
  return lines
}

const incomplete = (item: PartItem, bytes: number) =>
  new RollbackError('Snapshot.Incomplete', `The copy of part "${item.key}" ended early, after ${bytes} bytes.`, {
    fix: 'Nothing of it was kept. Run the snapshot again: the parts that are whole are not copied again.',
  })

/** The sidecar of a part that lies whole in the bucket already, else `null`. */
export async function storedPart(objects: Objects, item: PartItem): Promise<PartContent | null> {
  const sidecar = await readJson(objects, sidecarKey(item.key))
  const part = PartContent.safeParse(sidecar?.value)
  if (!part.success || part.data.key !== item.key || part.data.index !== item.index) return null
  const head = await objects.head(item.key)
  return head?.bytes === part.data.storedBytes ? part.data : null
}
