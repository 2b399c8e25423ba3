import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import type { Sha256 } from '#core/names.ts'

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

/** The default of 16 KiB takes half as long again: every chunk is a trip to a thread and back. */
const chunkSize = 256 * 1024

/** zstd level 1: embeddings hardly compress, and level 3 takes half as long again. */
export const compressed = (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  through(body, createZstdCompress({ chunkSize, params: { [constants.ZSTD_c_compressionLevel]: 1 } }))

export const decompressed = (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
  through(body, createZstdDecompress({ chunkSize }))
