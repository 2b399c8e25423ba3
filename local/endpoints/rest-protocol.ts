import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { ApiError } from './json-protocol.ts'
import { scopeOf } from './query-protocol.ts'
import type { Reply, Service, ServiceName } from './service.ts'

export interface RestCall {
  /** What the parentheses of the route have matched, decoded. */
  readonly names: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
  /** `http://127.0.0.1:…`: where this very endpoint answers. */
  readonly origin: string
}

/** One operation: its name as AWS has it, its method, and its path with parentheses around the names. */
export interface Route {
  readonly operation: string
  readonly method: string
  readonly path: RegExp
  run(call: RestCall): { readonly status?: number; readonly body: unknown }
}

const pathOf = (request: IncomingMessage): URL => new URL(request.url ?? '/', `http://${request.headers.host}`)

/** A service in the AWS REST protocol with JSON bodies: the operation is method and path, an error's name a header. */
export const restService = ({
  name,
  routes,
  key,
}: {
  readonly name: ServiceName
  readonly routes: readonly Route[]
  /** What a fault's `key` is compared with, of the names in the path. */
  key(names: readonly string[]): string
}): Service => {
  const find = (request: IncomingMessage) => {
    const { pathname } = pathOf(request)
    for (const route of routes) {
      const [whole, ...names] = route.path.exec(pathname) ?? []
      if (whole !== undefined && route.method === request.method)
        return { route, names: names.map((one) => decodeURIComponent(one)) }
    }
    return null
  }
  const reply = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...headers },
    body: JSON.stringify(body),
  })
  return {
    name,
    // The version of the API, which stands in Lambda's paths, is part of the scope of no signature.
    matches: (request) => scopeOf(request)?.service === name,
    operation: (request) => find(request)?.route.operation ?? null,
    key: (request) => {
      const found = find(request)
      return found && key(found.names)
    },
    async handle(request, body) {
      try {
        const found = find(request)
        if (!found)
          throw new ApiError('UnknownOperationException', `${request.method} ${request.url} is not served locally.`)
        const { searchParams: query, origin } = pathOf(request)
        const text = body.toString('utf8')
        const answer = found.route.run({ names: found.names, query, body: text === '' ? {} : JSON.parse(text), origin })
        return reply(answer.status ?? 200, answer.body)
      } catch (error) {
        const { code, message, status } =
          error instanceof ApiError
            ? error
            : new ApiError('ServiceException', error instanceof Error ? error.message : String(error), 500)
        return reply(status, { message, Message: message, Type: 'User' }, { 'x-amzn-errortype': code })
      }
    },
  }
}
