import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Read, ReaderOrder } from './reader.ts'

const PROGRAM = fileURLToPath(new URL('reader.ts', import.meta.url))

export interface Readers {
  /** All reads since the start, when the last one is answered. */
  stop(): Promise<Read[]>
  /** Ends the process, whatever it does. */
  end(): Promise<void>
}

/** Starts the reading process; resolves when every connection reads. */
export const startReaders = async (order: ReaderOrder): Promise<Readers> => {
  const child = fork(PROGRAM)
  const exited = once(child, 'exit')
  /** A message, or the end of the process. */
  const answer = async (): Promise<unknown> => {
    const [first] = await Promise.race([once(child, 'message'), exited.then(([code]) => [`ended with ${code}`])])
    if (typeof first === 'string' && first !== 'reading') throw new Error(`the readers: ${first}`)
    return first
  }
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
  }
  try {
    const reading = answer()
    child.send(order)
    await reading
  } catch (error) {
    await end()
    throw error
  }
  return {
    end,
    async stop() {
      const reads = answer()
      child.send('stop')
      const answered = (await reads) as Read[]
      await exited
      return answered
    },
  }
}
