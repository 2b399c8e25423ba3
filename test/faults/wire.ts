import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** A request, told by texts that pass on one connection one after the other; the last of them is its own. */
export type Passing = readonly [string, ...string[]]

/** Stands between a run and its server. From the moment that a trap closes on, nothing passes on that connection. */
export interface Wire {
  /** The URL given, by way of the wire. */
  readonly url: string
  /** Resolves when the request has arrived here; the server never sees it. */
  before(passing: Passing): Promise<void>
  /** Resolves when the server begins to answer the request; the answer never arrives. */
  after(passing: Passing): Promise<void>
  /** Closes the connection that is caught in a trap, as a failing network does. */
  cut(): void
  release(): void
  /** Closes it towards the run alone: the server goes on waiting for a client that is gone without a word. */
  strand(): void
  close(): Promise<void>
}

interface Trap {
  readonly passing: Passing
  readonly answered: boolean
  readonly spring: () => void
}

export const startWire = async (target: string): Promise<Wire> => {
  const sockets = new Set<Socket>()
  const caught: { client: Socket; upstream: Socket; release: () => void }[] = []
  const stranded = new Set<Socket>()
  let trap: Trap | null = null

  const server = createServer((client) => {
    const upstream = dial(Number(new URL(target).port), new URL(target).hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    let seen = 0
    let watched: Trap | null = null
    let held = false
    const late: [Socket, Buffer][] = []
    const spring = () => {
      held = true
      caught.push({
        client,
        upstream,
        release: () => {
          held = false
          for (const [to, bytes] of late.splice(0)) to.write(bytes)
        },
      })
      trap?.spring()
      trap = null
    }
    client.on('data', (bytes) => {
      if (held) return void late.push([upstream, bytes])
      if (trap !== watched) [watched, seen] = [trap, 0]
      const text = trap?.passing[seen]
      if (trap && text !== undefined && bytes.includes(text)) seen += 1
      if (trap && seen === trap.passing.length && !trap.answered) {
        spring()
        return void late.push([upstream, bytes])
      }
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (held) return void late.push([client, bytes])
      if (trap && trap === watched && seen === trap.passing.length) {
        spring()
        return void late.push([client, bytes])
      }
      client.write(bytes)
    })
    // A client that is gone leaves a request that was not answered to the server, as the operating system does.
    client.on('close', () => {
      if (!stranded.has(client)) upstream.end()
    })
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port from the operating system')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`

  const set = (passing: Passing, answered: boolean): Promise<void> =>
    new Promise((resolve) => {
      trap = { passing, answered, spring: resolve }
    })
  return {
    url: url.href,
    before: (passing) => set(passing, false),
    after: (passing) => set(passing, true),
    release: () => {
      for (const { release } of caught.splice(0)) release()
    },
    cut: () => {
      for (const { client, upstream } of caught.splice(0)) {
        client.resetAndDestroy()
        upstream.resetAndDestroy()
      }
    },
    strand: () => {
      for (const { client } of caught.splice(0)) {
        stranded.add(client)
        client.resetAndDestroy()
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
