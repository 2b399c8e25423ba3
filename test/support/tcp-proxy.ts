import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** Stands between a client and the server of a URL, and makes the failures that a network makes. */
export interface TcpProxy {
  /** The URL given, by way of the proxy. */
  readonly url: string
  /** From now on no byte passes, in either direction, on connections old and new; nothing is closed. */
  freeze(): void
  /** Forwards a request that contains the text and closes the client's side before the answer. */
  cutAfter(text: string): void
  close(): Promise<void>
}

export const startProxy = async (target: string): Promise<TcpProxy> => {
  const sockets = new Set<Socket>()
  let frozen = false
  let last: string | undefined
  const server = createServer((client) => {
    const upstream = dial(Number(new URL(target).port), new URL(target).hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (bytes) => {
      if (frozen) return
      const cut = last !== undefined && bytes.includes(last)
      // The server gets the request and its end, so that it answers nobody.
      upstream.write(bytes, () => cut && client.destroy())
    })
    upstream.on('data', (bytes) => {
      if (frozen) upstream.pause()
      else if (!client.destroyed) client.write(bytes)
    })
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port from the operating system')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    freeze() {
      frozen = true
    },
    cutAfter(text) {
      last = text
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
