import type { Client } from 'pg'

type Connection = Client['connection']

/** A socket gives 64 KiB and less at a time; whoever reads pays for every chunk, in trips to other threads above all. */
const BATCH_BYTES = 1024 * 1024

const COPY_DATA = 0x64
/** What may come before and between the rows: CopyOutResponse, ParameterStatus, NoticeResponse, NotificationResponse. */
const PASSED_OVER = new Set([0x48, 0x53, 0x4e, 0x41])
const HEAD_BYTES = 5

/**
 * The bytes of `copy … to stdout`, as a query of `pg`'s client. It reads the socket itself until the COPY ends: the server
 * frames every row, and what it costs to strip the frames, row by row, is what a COPY costs here. They are stripped on the
 * way into large buffers, three in all that take turns: nothing outlives the event that brought it, so that the garbage
 * collector has nothing to move.
 */
export class CopyOutQuery {
  readonly #text: string
  /** Ready for the reader. Reading from the socket pauses while there is one. */
  readonly #full: Buffer[] = []
  readonly #free: Buffer[] = []
  #filling: Buffer | undefined
  #filled = 0
  /** What the reader has. */
  #lent: Buffer | undefined
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

  /**
   * The next bytes, the caller's until its next call, or `null` at the end, when the connection is ready for the next
   * statement.
   *
   * @param moved called whenever bytes came that are not enough yet
   */
  async next(moved: () => void = () => {}): Promise<Uint8Array | null> {
    if (this.#lent !== undefined) this.#free.push(this.#lent)
    this.#lent = undefined
    for (;;) {
      const chunk = this.#full.shift()
      if (chunk !== undefined) {
        if (this.#handOver !== undefined && this.#full.length === 0) this.#connection?.stream.resume()
        this.#lent = chunk
        return chunk
      }
      if (this.#filled > 0 && (this.#ended || this.#failure !== undefined)) return this.#rest()
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#ended) return null
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
      moved()
    }
  }

  /** Whether `next` has to wait for the server. */
  get isWaiting(): boolean {
    return this.#full.length === 0 && this.#failure === undefined && !this.#ended
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
    const rest = this.#strip(chunk)
    if (this.#full.length > 0) this.#connection?.stream.pause()
    if (rest !== null) this.#giveBack(rest)
    this.#wake?.()
  }

  /** Takes the rows out of the chunk. What comes after them all is `pg`'s to read, and returned. */
  #strip(chunk: Buffer): Buffer | null {
    let from = 0
    while (from < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(from + this.#left, chunk.length)
        this.#left -= end - from
        if (this.#code === COPY_DATA) this.#add(chunk, from, end)
        from = end
        continue
      }
      if (this.#headBytes === 0) {
        const code = chunk[from] ?? 0
        // The end, or an error: the stream is at the begin of a message.
        if (code !== COPY_DATA && !PASSED_OVER.has(code)) return chunk.subarray(from)
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
    return null
  }

  #add(chunk: Buffer, from: number, end: number): void {
    for (let at = from; at < end; ) {
      this.#filling ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES)
      const copied = chunk.copy(this.#filling, this.#filled, at, end)
      at += copied
      this.#filled += copied
      if (this.#filled < BATCH_BYTES) return
      this.#full.push(this.#filling)
      this.#filling = undefined
      this.#filled = 0
    }
  }

  /** The last bytes, which fill no buffer. */
  #rest(): Uint8Array | null {
    const rest = this.#filling?.subarray(0, this.#filled) ?? null
    this.#filling = undefined
    this.#filled = 0
    return rest
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
