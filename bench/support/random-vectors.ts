/** Rows of one chunk: about a megabyte at 1,536 dimensions. */
const BATCH = 160
/** Signature, flags and length of the header extension of `copy … (format binary)`. */
const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const TRAILER = Buffer.from([0xff, 0xff])

/**
 * `copy … from stdin (format binary)` of a table `(id integer, embedding vector(dimensions))`, ids from 1 on. Each number is
 * drawn by itself, in [0, 1): nothing compresses, and no two rows are alike.
 */
export async function* randomVectors(rows: number, dimensions: number): AsyncGenerator<Uint8Array> {
  yield HEADER
  const vectorBytes = 4 + 4 * dimensions
  const rowBytes = 2 + 4 + 4 + 4 + vectorBytes
  for (let first = 1; first <= rows; first += BATCH) {
    const count = Math.min(BATCH, rows - first + 1)
    const chunk = Buffer.allocUnsafe(count * rowBytes)
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let row = 0; row < count; row += 1) {
      let at = row * rowBytes
      view.setInt16(at, 2)
      view.setInt32(at + 2, 4)
      view.setInt32(at + 6, first + row)
      view.setInt32(at + 10, vectorBytes)
      view.setInt16(at + 14, dimensions)
      view.setInt16(at + 16, 0)
      at += 18
      for (let d = 0; d < dimensions; d += 1) view.setFloat32(at + 4 * d, Math.random())
    }
    yield chunk
  }
  yield TRAILER
}
