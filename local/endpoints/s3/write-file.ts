import { type FileHandle, open } from 'node:fs/promises'

/** Chunks of a socket are small: that many bytes are handed to the disk in one call, while the next ones come in. */
const BATCH_BYTES = 1024 * 1024

/** Writes a body to a new file, which is on the disk when this resolves. `each` sees every chunk before it is written. */
export async function writeFile(
  path: string,
  body: AsyncIterable<Buffer>,
  each: (chunk: Buffer) => void,
): Promise<void> {
  const file = await open(path, 'wx')
  try {
    let batch: Buffer[] = []
    let batched = 0
    let writing: Promise<void> = Promise.resolve()
    const flush = async (): Promise<void> => {
      await writing
      writing = writeAll(file, batch)
      // Read when it is awaited next; until then it must not count as unhandled.
      writing.catch(() => undefined)
      batch = []
      batched = 0
    }
    for await (const chunk of body) {
      each(chunk)
      batch.push(chunk)
      batched += chunk.length
      if (batched >= BATCH_BYTES) await flush()
    }
    await flush()
    await writing
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, batch: readonly Buffer[]): Promise<void> {
  let left = [...batch]
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left)
    // The disk may take less than all of it.
    left = left.flatMap((chunk) => {
      const written = Math.min(bytesWritten, chunk.length)
      bytesWritten -= written
      return written === chunk.length ? [] : [chunk.subarray(written)]
    })
  }
}
