import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

/**
 * A program of its own: so many connections of an application, each reading again and again with a pause between, until a
 * message tells it to stop. In a process of its own, because its clock must not be held up by what it watches. It ends with
 * its parent.
 */
export interface ReaderOrder {
  readonly url: string
  readonly connections: number
  readonly pauseMs: number
  /** Taken in turns; `$1` is a number from 1 to `keys`. */
  readonly statements: readonly string[]
  readonly keys: number
}

export interface Read {
  /** Milliseconds since 1970, with fractions. */
  readonly at: number
  readonly ms: number
  /** SQLSTATE, or the name of an error without one; `null` when rows came. */
  readonly error: string | null
}

const now = (): number => performance.timeOrigin + performance.now()

const errorOf = (error: unknown): string =>
  error instanceof Error ? ('code' in error ? String(error.code) : error.name) : 'unknown'

const readOn = async (order: ReaderOrder, client: Client, first: number, stop: AbortSignal): Promise<Read[]> => {
  const reads: Read[] = []
  // Not all at once: they would stand in each other's way.
  await sleep(Math.random() * order.pauseMs)
  for (let turn = first; !stop.aborted; turn += 1) {
    const text = order.statements[turn % order.statements.length] ?? ''
    const at = now()
    const error = await client.query(text, [1 + Math.floor(Math.random() * order.keys)]).then(() => null, errorOf)
    reads.push({ at, ms: now() - at, error })
    await sleep(order.pauseMs)
  }
  return reads
}

const main = async (order: ReaderOrder, stop: AbortSignal): Promise<void> => {
  const clients = Array.from({ length: order.connections }, () => new Client({ connectionString: order.url }))
  for (const client of clients) {
    client.on('error', () => undefined)
    await client.connect()
  }
  process.send?.('reading')
  const reads = await Promise.all(clients.map((client, i) => readOn(order, client, i, stop)))
  await Promise.all(clients.map((client) => client.end()))
  process.send?.(reads.flat(), () => process.disconnect())
}

const stopped = new AbortController()
process.once('disconnect', () => process.exit())
process.on('message', (message) => {
  if (message === 'stop') stopped.abort()
  else
    main(message as ReaderOrder, stopped.signal).catch((error) => process.send?.(String(error), () => process.exit(1)))
})
