import type { Client } from 'pg'

type Connection = Client['connection']

/** Where reading from the socket pauses. Above it are at most the bytes of one more read. */
const QUEUE_BYTES = 256 * 1024

const COPY_DATA = 0x64
/** What may come before and between the rows: CopyOutResponse, ParameterStatus, NoticeResponse, NotificationResponse. */
const PASSED_OVER = new Set([0x48, 0x53, 0x4e, 0x41])
const HEAD_BYTES = 5

/**
 * The bytes of `copy … to stdout`, as a query of `pg`'s client. It reads the socket itself until the COPY ends: the server
 * frames every row, and what it costs to strip the frames, row by row, is what a COPY costs here. They are stripped in
 * place, in the buffers that came from the socket, so that nothing is allocated for it.
 */
export class CopyOutQuery {
  readonly #text: string
  readonly #queue: Uint8Array[] = []
  #queued = 0
  #connection: Connection | undefined
  /** What `pg` reads with. */
  #handOver: ((chunk: Buffer) => void) | undefined
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headBytes = 0
  #code = 0
  /** Bytes of the message that are still to come. */
  #left = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(text: string) {
    this.#text = text
  }

  /** The next bytes, or `null` at the end, when the connection is ready for the next statement. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#queue.shift()
      if (chunk !== undefined) {
        this.#queued -= chunk.length
        if (this.#handOver !== undefined && this.#queued < QUEUE_BYTES) this.#connection?.stream.resume()
        return chunk
      }
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#ended) return null
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }

  /** Whether `next` has to wait for the server. */
  get isWaiting(): boolean {
    return this.#queue.length === 0 && this.#failure === undefined && !this.#ended
  }

  submit(connection: Connection): void {
    this.#connection = connection
    const { stream } = connection
    const [handOver, ...others] = stream.listeners('data') as ((chunk: Buffer) => void)[]
    if (handOver === undefined || others.length > 0) throw new TypeError('pg reads its socket in another way')
    this.#handOver = handOver
    stream.removeListener('data', handOver)
    stream.on('data', this.#onData)
    connection.query(this.#text)
  }

  handleError(error: unknown): void {
    this.#failure ??= { error }
    this.#wake?.()
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#ended = true
    this.#wake?.()
  }

  readonly #onData = (chunk: Buffer): void => {
    const { bytes, rest } = this.#strip(chunk)
    if (bytes > 0) {
      this.#queue.push(chunk.subarray(0, bytes))
      this.#queued += bytes
      if (this.#queued >= QUEUE_BYTES) this.#connection?.stream.pause()
    }
    if (rest !== null) this.#giveBack(rest)
    this.#wake?.()
  }

  /** Moves the rows in the chunk to its begin. `rest` is what comes after them all: `pg`'s to read. */
  #strip(chunk: Buffer): { bytes: number; rest: Buffer | null } {
    let from = 0
    let to = 0
    while (from < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(from + this.#left, chunk.length)
        this.#left -= end - from
        if (this.#code === COPY_DATA) {
          if (to !== from) chunk.copyWithin(to, from, end)
          to += end - from
        }
        from = end
        continue
      }
      if (this.#headBytes === 0) {
        const code = chunk[from] ?? 0
        // The end, or an error: the stream is at the begin of a message.
        if (code !== COPY_DATA && !PASSED_OVER.has(code)) return { bytes: to, rest: chunk.subarray(from) }
      }
      const head = chunk.copy(this.#head, this.#headBytes, from)
      this.#headBytes += head
      from += head
      if (this.#headBytes < HEAD_BYTES) break
      this.#headBytes = 0
      this.#code = this.#head[0] ?? 0
      // The length counts itself.
      this.#left = this.#head.readUInt32BE(1) - 4
    }
    return { bytes: to, rest: null }
  }

  #giveBack(rest: Buffer): void {
    const stream = this.#connection?.stream
    const handOver = this.#handOver
    if (stream === undefined || handOver === undefined) return
    this.#handOver = undefined
    stream.removeListener('data', this.#onData)
    stream.on('data', handOver)
    stream.resume()
    handOver(rest)
  }
}
