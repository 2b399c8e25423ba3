import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ServiceRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a service does: an answer, or silence, or the connection cut before or in the middle of its answer. */
export type ServiceAnswer =
  | {
      readonly status?: number
      readonly headers?: Record<string, string>
      readonly json?: unknown
      readonly text?: string
    }
  | 'silence'
  | 'hang-up'
  | 'half'

/** A service on loopback that answers as `answer` says; remembers what it was asked. */
export const serviceServer = async (answer: (request: ServiceRequest, nth: number) => ServiceAnswer) => {
  const requests: ServiceRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const asked = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') }
      requests.push(asked)
      const given = answer(asked, requests.length)
      if (given === 'silence') return
      if (given === 'hang-up') return void request.socket.destroy()
      if (given === 'half') {
        response.writeHead(200, { 'content-length': '100' }).write('{"status"')
        return void setImmediate(() => request.socket.destroy())
      }
      const { status = 200, headers: own, json, text = '' } = given
      response.writeHead(status, { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...own })
      response.end(json === undefined ? text : JSON.stringify(json))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(close)
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, requests, close }
}
