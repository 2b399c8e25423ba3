import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { RestoreItem } from '#core/restore/part.ts'
import { inParallel } from '#core/snapshot/in-parallel.ts'
import type { PartItem } from '#core/snapshot/part.ts'

export type PartWork = { readonly bucket: string; readonly url: string } & (
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
  /** The largest resident set that any process ever had, in bytes. */
  peakBytes(): number
  close(): Promise<void>
}

/** Processes of what `buildWorker` built. Used again from round to round, as functions are that have run before. */
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
    peakBytes: () => Math.max(...workers.map((worker) => worker.peakBytes())),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}

const startWorker = async (program: string, environment: Readonly<Record<string, string>>) => {
  const child: ChildProcess = fork(program, {
    env: { ...process.env, ...environment },
    // As the functions are deployed.
    execArgv: ['--max-semi-space-size=1'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
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
  let peak = Number.NaN
  child.on('message', ({ id, error, peakBytes }: { id: number; error: string | null; peakBytes: number }) => {
    peak = peakBytes
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
    peakBytes: () => peak,
    async close(): Promise<void> {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
