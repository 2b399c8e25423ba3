import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'

/** The contents of a lock file; `pid: null` once its process let go. */
const Owner = z.object({ pid: z.int().positive().nullable(), started: z.string().nullable() })
type Owner = z.infer<typeof Owner>

/**
 * Claims a directory for this process, making it where needed. A lock whose process is gone is taken over. Resolves to
 * the release. Throws `State.InUse`.
 *
 * The locks are numbered files, `lock.1`, `lock.2`, …: the highest one counts, and taking over is making the next one,
 * which only one process can. A file that is removed and made again would let two processes that saw the same dead
 * owner both believe that they took over.
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  await mkdir(directory, { recursive: true })
  const draft = join(directory, `.lock-${randomUUID()}`)
  const write = (owner: Owner) => writeFile(draft, JSON.stringify(owner))
  await write({ pid: process.pid, started: await startOf(process.pid) })
  try {
    for (;;) {
      const [last = 0, ...older] = await numbers(directory)
      await refuseLive(directory, last)
      const mine = join(directory, `lock.${last + 1}`)
      // A link is made with its content or not at all: nobody sees an empty lock.
      if (!(await linked(draft, mine))) continue
      if ((await numbers(directory))[0] !== last + 1) {
        // This process slept while others came and went: its number is an old one.
        await rm(mine)
        continue
      }
      for (const number of [last, ...older]) await rm(join(directory, `lock.${number}`), { force: true })
      return async () => {
        await write({ pid: null, started: null })
        await rename(draft, mine)
      }
    }
  } finally {
    await rm(draft, { force: true })
  }
}

/** Highest first. */
const numbers = async (directory: string): Promise<number[]> => {
  const names = await readdir(directory)
  return names
    .flatMap((name) => name.match(/^lock\.(\d+)$/)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a)
}

const refuseLive = async (directory: string, number: number): Promise<void> => {
  const path = join(directory, `lock.${number}`)
  const text = await readFile(path, 'utf8').catch(() => null)
  // None yet, or a newer one has replaced it: the attempt to make the next one tells.
  if (text === null) return
  const { pid, started } = Owner.parse(JSON.parse(text))
  if (pid === null || !(await isAlive(pid, started))) return
  throw new RollbackError('State.InUse', `The state directory "${directory}" is in use by process ${pid}.`, {
    fix: `Wait until process ${pid} has ended, or name another directory.`,
    category: 'busy',
  })
}

/** A process of the same id that started at another time is another process. */
const isAlive = async (pid: number, started: string | null): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return started === null || started === (await startOf(pid))
}

/** Boot and clock ticks since then at which a process started (proc_pid_stat(5)); `null` where there is no /proc. */
const startOf = async (pid: number): Promise<string | null> => {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in brackets and may hold anything; the start is the 22nd.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return ticks === undefined ? null : `${boot.trim()} ${ticks}`
  } catch {
    return null
  }
}

const linked = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
