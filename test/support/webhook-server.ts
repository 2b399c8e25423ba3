import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface WebhookRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What the server does with a request: a status, a redirect, or never an answer. */
export type WebhookAnswer = number | { readonly redirect: string } | 'silence' | 'hang-up'

/** A server of webhooks on loopback; `answers` are used up one by one, the last one again and again. */
export const webhookServer = async (answers: readonly WebhookAnswer[] = [200]) => {
  const requests: WebhookRequest[] = []
  const left = [...answers]
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') })
      const answer = (left.length > 1 ? left.shift() : left[0]) ?? 200
      if (answer === 'silence') return
      if (answer === 'hang-up') return request.socket.destroy()
      if (typeof answer === 'number') return response.writeHead(answer).end('thank you')
      return response.writeHead(307, { location: answer.redirect }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, requests }
}
