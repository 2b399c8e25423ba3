import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { RestoreItem } from '#core/restore/part.ts'
import { inParallel } from '#core/snapshot/in-parallel.ts'
import type { PartItem } from '#core/snapshot/part.ts'

export type PartWork = { readonly bucket: string } & (
  | { readonly kind: 'snapshot'; readonly item: PartItem }
  | { readonly kind: 'restore'; readonly item: RestoreItem }
)

export interface Movers {
  readonly processes: number
  /** Parts that a process has at a time. */
  readonly partsEach: number
}

/** As Lambda does it: a function has one part at a time. */
export const TWO_FUNCTIONS: Movers = { processes: 2, partsEach: 1 }
/** As the command line does it: one process, which moves as many parts at once. */
export const ONE_PROCESS: Movers = { processes: 1, partsEach: 2 }

export interface PartWorkers {
  /** Rejects with the first error. */
  move(work: readonly PartWork[]): Promise<void>
  /** The largest resident set that each process ever had, in bytes. */
  close(): Promise<number[]>
}

/** Processes of what `buildWorker` built, that are up and have loaded their code, as functions are that have run before. */
export const startWorkers = async (
  program: string,
  environment: Readonly<Record<string, string>>,
  { processes, partsEach }: Movers,
): Promise<PartWorkers> => {
  const workers = await Promise.all(Array.from({ length: processes }, () => startWorker(program, environment)))
  return {
    async move(work) {
      const free = workers.flatMap((worker) => Array.from({ length: partsEach }, () => worker))
      await inParallel(work, free.length, async (one) => {
        const worker = free.shift()
        if (worker === undefined) throw new Error('no worker is free')
        await worker.move(one)
        free.push(worker)
      })
    },
    close: () => Promise.all(workers.map((worker) => worker.close())),
  }
}

const startWorker = async (program: string, environment: Readonly<Record<string, string>>) => {
  const child: ChildProcess = fork(program, {
    env: { ...process.env, ...environment },
    // As the functions are deployed.
    execArgv: ['--max-semi-space-size=1'],
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'],
  })
  const peakStream = child.stdio[3]
  if (!peakStream || !('read' in peakStream)) throw new Error('the worker has no stream for its memory')
  const peak = text(peakStream)
  const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  const exited = once(child, 'exit').then(([code, signal]) => {
    for (const { reject } of waiting.values()) reject(new Error(`a worker ended by itself: ${code ?? signal}`))
  })
  await Promise.race([
    once(child, 'message'),
    exited.then(() => {
      throw new Error('a worker did not start')
    }),
  ])
  child.on('message', ({ id, error }: { id: number; error: string | null }) => {
    const { resolve, reject } = waiting.get(id) ?? {}
    waiting.delete(id)
    if (error === null) resolve?.()
    else reject?.(new Error(error))
  })
  let last = 0
  return {
    move(work: PartWork): Promise<void> {
      last += 1
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.set(last, { resolve, reject })
      child.send({ id: last, work })
      return promise
    },
    async close(): Promise<number> {
      if (child.connected) child.disconnect()
      await exited
      const bytes = Number.parseInt(await peak, 10)
      if (!(bytes > 0)) throw new Error(`a worker did not tell its memory, but "${await peak}"`)
      return bytes
    },
  }
}
