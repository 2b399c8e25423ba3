import { createHash, type Hash, hash } from 'node:crypto'
import type { CopyFormat, TableColumn } from '#core/snapshot/columns.ts'
import { digestFromSums, type RowDigest } from '#core/snapshot/row-digest.ts'

/** Signature (11 bytes), flags, and length of an extension: none is defined. */
const HEADER_BYTES = 19

/**
 * Whether the COPY stream of all these columns has the bytes that the digest of their rows is made of: as text it has
 * others, and it lacks generated columns.
 */
export const isDigestOfStream = (columns: readonly TableColumn[], format: CopyFormat): boolean =>
  format === 'binary' && columns.every(({ generated }) => !generated)

interface OpenTuple {
  readonly hash: Hash
  columnsLeft: number
  /** Bytes of the value that is being read. */
  valueLeft: number
}

/**
 * Reads a binary COPY stream as it passes, in chunks cut anywhere, and digests its rows: the same digest that `rowDigest`
 * computes in the server, without the server reading every row once more. Memory does not grow with the size of a value.
 */
export class TupleDigest {
  readonly #columns: number
  #rows = 0
  #first = 0n
  #second = 0n
  #headerLeft = HEADER_BYTES
  /** The tuple that did not fit into the chunk that it began in. */
  #open: OpenTuple | null = null
  /** The begin of a number that the next chunk goes on with. */
  #rest: Buffer = Buffer.alloc(0)
  #state: 'tuples' | 'ended' | 'broken' = 'tuples'

  constructor(columns: number) {
    this.#columns = columns
  }

  async *watch(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#read(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      yield chunk
    }
  }

  /** Whether the stream came to its trailer, every tuple had the columns of the table, and nothing followed. */
  get isComplete(): boolean {
    return this.#state === 'ended'
  }

  get result(): RowDigest {
    return digestFromSums(this.#rows, this.#first, this.#second)
  }

  #read(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const skipped = Math.min(this.#headerLeft, data.length)
    this.#headerLeft -= skipped
    const at = this.#tuples(data, skipped)
    if (this.#state !== 'tuples' && at < data.length) this.#state = 'broken'
    // A copy: the chunk belongs to whoever gave it.
    this.#rest = Buffer.from(data.subarray(at))
  }

  /** Where it cannot go on without more. */
  #tuples(data: Buffer, from: number): number {
    let at = from
    while (this.#state === 'tuples') {
      if (this.#open !== null) at = this.#goOn(data, at, this.#open)
      if (this.#open !== null) return at
      const end = endOfTuple(data, at)
      if (end !== null) {
        if (data.readInt16BE(at) !== this.#columns) return this.#broken(at)
        this.#add(hash('sha256', data.subarray(at + 2, end), 'buffer'))
        at = end
        continue
      }
      if (data.length - at < 2) return at
      const columns = data.readInt16BE(at)
      at += 2
      if (columns === -1) this.#state = 'ended'
      else if (columns !== this.#columns) return this.#broken(at)
      else this.#open = { hash: createHash('sha256'), columnsLeft: columns, valueLeft: 0 }
    }
    return at
  }

  #goOn(data: Buffer, from: number, open: OpenTuple): number {
    let at = from
    for (;;) {
      const value = Math.min(open.valueLeft, data.length - at)
      open.hash.update(data.subarray(at, at + value))
      open.valueLeft -= value
      at += value
      if (open.valueLeft > 0) return at
      if (open.columnsLeft === 0) break
      if (data.length - at < 4) return at
      open.valueLeft = Math.max(data.readInt32BE(at), 0)
      open.hash.update(data.subarray(at, at + 4))
      open.columnsLeft -= 1
      at += 4
    }
    this.#add(open.hash.digest())
    this.#open = null
    return at
  }

  #add(sha256: Buffer): void {
    this.#rows += 1
    this.#first += sha256.readBigUInt64BE(0)
    this.#second += sha256.readBigUInt64BE(8)
  }

  #broken(at: number): number {
    this.#state = 'broken'
    return at
  }
}

/** The end of the tuple that begins there, `null` when it is not whole. */
const endOfTuple = (data: Buffer, from: number): number | null => {
  if (data.length - from < 2) return null
  const columns = data.readInt16BE(from)
  if (columns < 0) return null
  let at = from + 2
  for (let column = 0; column < columns; column += 1) {
    if (data.length - at < 4) return null
    at += 4 + Math.max(data.readInt32BE(at), 0)
  }
  return at <= data.length ? at : null
}
