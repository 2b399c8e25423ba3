import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import type { Sha256 } from '#core/names.ts'

/** Sockets give 64 KiB and less, and every chunk that a codec works on is a trip to a thread and back, which costs more. */
const chunkSize = 1024 * 1024

/** Bytes and SHA-256 of what went through, complete once the stream has ended. */
export interface Measure {
  bytes: number
  sha256: Sha256
}

/** Hands every chunk on and measures it; `done` is called at the end, before the consumer sees it, and may throw. */
export async function* measured(
  body: AsyncIterable<Uint8Array>,
  done: (measure: Measure) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of body) {
    hash.update(chunk)
    bytes += chunk.length
    yield chunk
  }
  done({ bytes, sha256: hash.digest('hex') as Sha256 })
}

/**
 * Gathers small chunks into large ones, in two buffers that take turns: a chunk is its reader's until it asks for the next
 * one.
 */
export async function* gathered(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [filling, other] = [Buffer.allocUnsafeSlow(chunkSize), Buffer.allocUnsafeSlow(chunkSize)]
  let filled = 0
  for await (const chunk of body) {
    for (let rest = chunk; rest.length > 0; ) {
      const fits = rest.subarray(0, chunkSize - filled)
      filling.set(fits, filled)
      filled += fits.length
      rest = rest.subarray(fits.length)
      if (filled < chunkSize) continue
      yield filling
      const next = other
      other = filling
      filling = next
      filled = 0
    }
  }
  if (filled > 0) yield filling.subarray(0, filled)
}

/**
 * Pipes a body through a zlib stream with backpressure both ways. An error of the body surfaces in the consumer, and a
 * consumer that stops early ends the body.
 */
async function* through(
  body: AsyncIterable<Uint8Array>,
  codec: ReturnType<typeof createZstdCompress> | ReturnType<typeof createZstdDecompress>,
): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(body, codec)
  // Read by the loop below too; without this the rejection would count as unhandled while the loop waits.
  feeding.catch(() => undefined)
  try {
    for await (const chunk of codec) yield chunk as Uint8Array
    await feeding
  } finally {
    codec.destroy()
    // The body is ended before the caller goes on: a COPY must not run beside the next statement.
    await feeding.catch(() => undefined)
  }
}

/** zstd level 1: embeddings hardly compress, and level 3 takes half as long again. */
export const compressed = (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  through(body, createZstdCompress({ chunkSize, params: { [constants.ZSTD_c_compressionLevel]: 1 } }))

export const decompressed = (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  through(body, createZstdDecompress({ chunkSize }))
