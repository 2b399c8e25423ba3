import { Transform, type TransformCallback } from 'node:stream'
import { incompleteBody, invalidRequest } from './errors.ts'

const MAX_LINE = 16 * 1024

/**
 * Decodes the body encoding `aws-chunked`: `<hex length>[;chunk-signature=…]\r\n<bytes>\r\n` …, a chunk of length 0, and
 * then the trailers, signed or not, up to an empty line. Signatures are read over, not verified.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export class AwsChunkedDecoder extends Transform {
  /** Complete when the stream has ended. Names are in lower case. */
  readonly trailers: Record<string, string> = {}
  #state: 'size' | 'data' | 'after data' | 'trailers' | 'end' = 'size'
  #line = Buffer.alloc(0)
  #left = 0

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    try {
      for (let rest = chunk; rest.length > 0; ) rest = this.#state === 'data' ? this.#data(rest) : this.#text(rest)
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _flush(done: TransformCallback): void {
    // Clients leave the empty line after the last trailer out, too.
    const whole = this.#state === 'end' || (this.#state === 'trailers' && this.#line.length === 0)
    done(whole ? null : incompleteBody('The aws-chunked body ended before its last chunk.'))
  }

  #data(bytes: Buffer): Buffer {
    const part = bytes.subarray(0, this.#left)
    this.push(part)
    this.#left -= part.length
    if (this.#left === 0) this.#state = 'after data'
    return bytes.subarray(part.length)
  }

  #text(bytes: Buffer): Buffer {
    const end = bytes.indexOf(0x0a)
    this.#line = Buffer.concat([this.#line, end < 0 ? bytes : bytes.subarray(0, end)])
    if (this.#line.length > MAX_LINE) throw invalidRequest('A line of the aws-chunked body is too long.')
    if (end < 0) return Buffer.alloc(0)
    const line = this.#line.toString('latin1').replace(/\r$/, '')
    this.#line = Buffer.alloc(0)
    this.#take(line)
    return bytes.subarray(end + 1)
  }

  #take(line: string): void {
    if (this.#state === 'size') {
      const size = /^([0-9a-f]{1,8})(;.*)?$/i.exec(line)?.[1]
      if (size === undefined) throw invalidRequest(`Not the head of an aws-chunked chunk: ${JSON.stringify(line)}`)
      this.#left = Number.parseInt(size, 16)
      this.#state = this.#left === 0 ? 'trailers' : 'data'
    } else if (this.#state === 'after data') {
      if (line !== '') throw invalidRequest('An aws-chunked chunk is longer than its head says.')
      this.#state = 'size'
    } else if (line === '') {
      this.#state = 'end'
    } else {
      const [, name, value] = /^([^:]+):(.*)$/.exec(line) ?? []
      if (this.#state === 'end' || name === undefined || value === undefined) {
        throw invalidRequest(`Not a trailer of an aws-chunked body: ${JSON.stringify(line)}`)
      }
      this.trailers[name.trim().toLowerCase()] = value.trim()
    }
  }
}
