export const MiB = 1024 * 1024

/** A body of so many bytes, in chunks that fit no part, that is different at each place. */
export async function* fill(bytes: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < bytes; ) {
    const chunk = Buffer.alloc(Math.min(200_003, bytes - sent))
    for (let at = 0; at + 4 <= chunk.length; at += 4) chunk.writeUInt32LE(((sent + at) * 2_654_435_761) >>> 0, at)
    sent += chunk.length
    yield chunk
  }
}

export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

export const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

export const collect = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await all(body))
