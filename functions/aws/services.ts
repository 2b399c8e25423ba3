import type { ClientRequest, IncomingMessage } from 'node:http'
import { wayTo } from '#aws/way-to.ts'
import { RollbackError } from '#core/errors.ts'
import type { Secrets, ServiceAnswer, ServiceCall, Services } from '#core/ports.ts'

/** Bytes of an answer that are read. */
const MOST = 1024 * 1024

/** An address is shown without its query: test data may stand in it, and a plan's own address is known anyway. */
const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

const failed = (name: `Service.${string}`, url: string, why: string, fix: string, cause?: unknown): RollbackError =>
  new RollbackError(name, `"${shown(url)}" ${why}.`, { fix, category: 'unreachable', cause })

const refused = (url: string, why: string): RollbackError =>
  new RollbackError('Service.Refused', `"${shown(url)}" is not called: ${why}.`, {
    fix: 'Give the service an https address that is reached from the internet.',
    category: 'refused',
  })

const withToken = ({ headers, token, body }: ServiceCall, secret: string): Record<string, string> => ({
  'user-agent': 'vector-rollback',
  accept: 'application/json, */*',
  ...headers,
  ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  ...(token === null ? {} : token.header === null ? { authorization: `Bearer ${secret}` } : { [token.header]: secret }),
})

const read = async (response: IncomingMessage): Promise<{ body: string; whole: boolean }> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MOST) return { body: '', whole: false }
  }
  return { body: Buffer.concat(chunks).toString('utf8'), whole: true }
}

/** Whether the other side has taken the connection; only then is its silence its own. */
const connected = (request: ClientRequest, event: 'connect' | 'secureConnect'): (() => boolean) => {
  let is = false
  request.on('socket', (socket) => socket.once(event, () => (is = true)))
  return () => is
}

const ask = (call: ServiceCall, reach: 'internet' | 'loopback', secret: string, aborted: AbortSignal) => {
  const { url, method, body, timeout } = call
  const { send, options } = wayTo(url, reach, (why) => refused(url, why))
  const started = performance.now()
  const late = AbortSignal.timeout(timeout)
  return new Promise<ServiceAnswer>((resolve, reject) => {
    const request = send(url, {
      method,
      headers: withToken(call, secret),
      signal: AbortSignal.any([late, aborted]),
      agent: false,
      ...options,
    })
    const isConnected = connected(request, url.startsWith('https:') ? 'secureConnect' : 'connect')
    const fail = (error: unknown): void => {
      const why = error instanceof Error ? error.message : String(error)
      if (error instanceof RollbackError) reject(error)
      else if (!isConnected())
        reject(
          failed(
            'Service.Unreachable',
            url,
            `cannot be reached: ${late.aborted ? `no connection within ${timeout} ms` : why}`,
            'See whether it runs, and whether it is reached from outside its own network.',
            error,
          ),
        )
      else if (late.aborted)
        reject(
          failed('Service.Slow', url, `gave no whole answer within ${timeout} ms`, 'See what it waits for.', error),
        )
      else reject(failed('Service.Lost', url, `broke off before its answer was whole: ${why}`, 'Ask again.', error))
    }
    request.on('error', fail)
    request.on('response', (response) => {
      read(response).then(({ body: text, whole }) => {
        request.destroy()
        const clean = (value: string) => (secret === '' ? value : value.replaceAll(secret, '***'))
        const headers = Object.entries(response.headers).map(([name, value]) => [name, clean(String(value))])
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(headers) as Record<string, string>,
          body: clean(text),
          whole,
          milliseconds: performance.now() - started,
        })
      }, fail)
    })
    request.end(body ?? undefined)
  })
}

/** Asks services of the application; addresses of the own network only where loopback is this machine's own. */
export const httpServices = (secrets: Secrets, reach: 'internet' | 'loopback'): Services => ({
  async call(call, signal) {
    // Refused before the secret is read.
    wayTo(call.url, reach, (why) => refused(call.url, why))
    return ask(call, reach, call.token === null ? '' : await secrets.read(call.token.secret), signal)
  },
})
