import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AppReply, AppRequest, Routes } from '#core/plan/stand-in.ts'

type Route = { method: string; form: RegExp; answer: Routes[string] }

/** `GET /articles/{id}`: braces stand for one piece of the path. */
const routeOf = ([name, answer]: [string, Routes[string]]): Route => {
  const [method = '', path = ''] = name.split(' ')
  const pieces = path.split(/(\{\w+\})/).map((piece) => {
    const [, parameter] = /^\{(\w+)\}$/.exec(piece) ?? []
    return parameter === undefined ? piece.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&') : `(?<${parameter}>[^/]+)`
  })
  return { method, form: new RegExp(`^${pieces.join('')}$`), answer }
}

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return null
  }
}

const answerTo = async (routes: readonly Route[], request: IncomingMessage): Promise<AppReply> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
  const { method = '' } = request
  for (const { method: own, form, answer } of routes) {
    const match = own === method ? form.exec(pathname) : null
    if (!match) continue
    const parameters = Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const asked: AppRequest = {
      method,
      path: pathname,
      query: searchParams,
      headers,
      body: await bodyOf(request),
      parameters,
    }
    return answer(asked)
  }
  return { status: 404, json: { error: `${method} ${pathname} is not there` } }
}

const send = (response: ServerResponse, { status = 200, headers = {}, json }: AppReply): void => {
  const body = json === undefined ? '' : JSON.stringify(json)
  response.writeHead(status, { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers })
  response.end(body)
}

/** Serves JSON on loopback. What a route throws is its answer: a 500 with the message. */
export const serveApp = async (routes: Routes): Promise<{ url: string; close(): Promise<void> }> => {
  const known = Object.entries(routes).map(routeOf)
  const server = createServer((request, response) => {
    answerTo(known, request)
      .catch((error: unknown) => ({
        status: 500,
        json: { error: error instanceof Error ? error.message : String(error) },
      }))
      .then((reply) => send(response, reply))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
