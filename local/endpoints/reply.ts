import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** An answer of any service; a body that is large is a stream, to be read to its end or destroyed. */
export interface AnyReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | Readable
}

/**
 * Sends the answer. With `truncate`, the head is that of the whole answer, and the connection is closed after so many
 * bytes of its body.
 */
export async function send(response: ServerResponse, reply: AnyReply, truncate?: number): Promise<void> {
  const { status, headers, body } = reply
  const length = body instanceof Readable ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  response.writeHead(status, { ...length, ...headers })
  if (truncate !== undefined) await sendSome(response, body, truncate)
  else if (body instanceof Readable) await pipeline(body, response)
  else response.end(body)
  // What the client still sends is of no use, but its next request comes after it.
  response.req.resume()
}

async function sendSome(response: ServerResponse, body: AnyReply['body'], bytes: number): Promise<void> {
  const chunks: AsyncIterable<Buffer> = body instanceof Readable ? body : Readable.from([Buffer.from(body)])
  let left = bytes
  response.flushHeaders()
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, left)
    left -= part.length
    if (!response.write(part)) await once(response, 'drain')
    if (left === 0) break
  }
  // Ends the connection after what was written, which destroy() would throw away.
  response.socket?.destroySoon()
}
