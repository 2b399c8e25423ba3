import { setTimeout as sleep } from 'node:timers/promises'
import type { Objects } from '#core/ports.ts'
import { disturb } from './disturbances.ts'
import type { Way } from './lock-ways.ts'
import type { Read } from './reader.ts'
import { type Readers, startReaders } from './readers.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'
import { quantile } from './statistics.ts'

export interface SceneOptions {
  readonly readers: number
  readonly keys: number
  /** Between two reads of one connection. */
  readonly pauseMs: number
  /** How long is read before anything happens. */
  readonly beforeMs: number
}

interface Waits {
  readonly reads: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Scene {
  readonly before: Waits
  /** Of the reads that were under way at any moment of it. */
  readonly during: Waits
  /** Milliseconds from opening a connection to closing it. */
  readonly took: number
  /** Reads that failed though the tables were there, by SQLSTATE. */
  readonly errors: readonly string[]
  /** Reads that were told that the table is gone. */
  readonly gone: number
}

const UNDEFINED_TABLE = '42P01'
const now = (): number => performance.timeOrigin + performance.now()

const waitsOf = (reads: readonly Read[]): Waits => {
  const ms = reads.map((read) => read.ms)
  return { reads: ms.length, p50: quantile(ms, 0.5), p99: quantile(ms, 0.99), max: Math.max(...ms) }
}

/** Plays the way once, in a copy of the world, with everything in its way, while the application reads. */
export const playScene = async (
  server: string,
  world: ScratchDatabase,
  objects: Objects,
  way: Way,
  { readers: connections, keys, pauseMs, beforeMs }: SceneOptions,
): Promise<Scene> => {
  const database = await scratchDatabase(server, world)
  let readers: Readers | null = null
  try {
    const place = { database, objects }
    await way.prepare(place)
    readers = await startReaders({ url: database.appUrl, connections, pauseMs, keys, statements: way.reads })
    const disturbances = await disturb(database, way.tables, way.vacuum)
    try {
      // What the disturbances themselves cost is part of the time before.
      const calm = now()
      await sleep(beforeMs)
      if (!(await disturbances.autovacuumAtWork())) throw new Error('the autovacuum ended too early')
      const from = now()
      const released = disturbances.release()
      const acted = way.act(place).then(now)
      // Both: a failure of one must not leave the other behind.
      const [to] = await Promise.allSettled([acted, released])
      await released
      if (to.status === 'rejected') throw to.reason
      const reads = await readers.stop()
      const before = reads.filter(({ at, ms }) => at >= calm && at + ms < from)
      const during = reads.filter(({ at, ms }) => at + ms >= from && at <= to.value)
      const isGone = ({ error }: Read) => way.takesAway && error === UNDEFINED_TABLE
      return {
        before: waitsOf(before),
        during: waitsOf(during),
        took: to.value - from,
        errors: reads.filter((read) => !isGone(read)).flatMap(({ error }) => error ?? []),
        gone: reads.filter(isGone).length,
      }
    } finally {
      await disturbances.close()
    }
  } finally {
    await readers?.end()
    await database.drop()
  }
}
