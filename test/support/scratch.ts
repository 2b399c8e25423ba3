import { existsSync, statfsSync } from 'node:fs'

const MEMORY = '/dev/shm'
const ROOM = 4 * 2 ** 30

/**
 * A directory in memory, where this machine has one with room; `undefined` elsewhere, and where `TMPDIR` says what to use.
 * What tests write is thrown away, but written durably as always: here that costs nothing.
 */
export const scratch = (): string | undefined => {
  if (process.env.TMPDIR || !existsSync(MEMORY)) return undefined
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize > ROOM ? MEMORY : undefined
}
