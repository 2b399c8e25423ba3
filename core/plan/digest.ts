import { createHash } from 'node:crypto'
import type { Sha256 } from '#core/names.ts'

/**
 * SHA-256 over the names and bytes of files, in the order of their names. Each file goes in as its name, a NUL, the
 * number of its bytes, a NUL and its bytes, so that no two different sets of files are the same stream.
 */
export const digestOf = (files: ReadonlyMap<string, Uint8Array>): Sha256 => {
  const hash = createHash('sha256')
  for (const [name, bytes] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex') as Sha256
}
