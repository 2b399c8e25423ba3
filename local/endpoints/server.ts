import { mkdirSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Clock } from '#core/ports.ts'
import { travellingClock } from '#local/clock.ts'
import { lockDirectory } from './directory-lock.ts'
import { faultReply } from './fault-reply.ts'
import { type Fault, FaultRules, type Faults, type FaultyService } from './faults.ts'
import { type AnyReply, send } from './reply.ts'
import { s3 } from './s3/s3.ts'
import type { Service } from './service.ts'

/** Local AWS endpoints for the real SDK clients. */
export interface Endpoints {
  /** `http://127.0.0.1:<port>`: the value for AWS_ENDPOINT_URL. */
  readonly url: string
  readonly faults: Faults
  /** Ends the calls that are under way, and removes the directory if it was a temporary one. */
  close(): Promise<void>
}

export interface EndpointsOptions {
  /** Where the buckets are kept; a temporary one, removed by `close`, when absent. */
  readonly directory?: string
  /** What is not S3. */
  readonly services?: readonly Service[]
  readonly clock?: Clock
}

/** A call that no other service claims is one of S3. */
interface Arrival {
  readonly service: FaultyService
  readonly operation: string | null
  readonly key: string | null
  run(): Promise<AnyReply>
}

/**
 * Serves S3, and the services given, on 127.0.0.1 and a port of the system's choice. Signatures are NOT verified: any
 * process of this machine that finds the port may read and write. Throws `State.InUse` when another process, or another
 * call, has the directory.
 */
export async function startEndpoints(options: EndpointsOptions = {}): Promise<Endpoints> {
  const { services = [], clock = travellingClock() } = options
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'vector-rollback-aws-'))
  mkdirSync(directory, { recursive: true })
  const unlock = await lockDirectory(directory)
  const faults = new FaultRules()
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()
  const arrivalOfS3 = s3({ directory: join(directory, 'buckets'), now: () => clock.now() })

  const arrivalOf = async (request: IncomingMessage): Promise<Arrival> => {
    const service = services.find((candidate) => candidate.matches(request))
    if (service === undefined) return { service: 's3', ...arrivalOfS3(request) }
    const body = await wholeBody(request)
    return {
      service: service.name,
      operation: service.operation?.(request, body) ?? null,
      key: service.key?.(request, body) ?? null,
      run: () => service.handle(request, body),
    }
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const arrival = await arrivalOf(request)
    const fault = faults.take(arrival.service, arrival.operation, arrival.key)
    if (fault === null) await send(response, await arrival.run())
    else await befall(arrival, fault, response, (ms) => clock.sleep(ms, closing.signal))
  }

  const server = createServer((request, response) => {
    // An answer that cannot be given breaks the connection, as a crash of the service would.
    const answered = answer(request, response)
      .catch(() => void response.destroy())
      .finally(() => underWay.delete(answered))
    underWay.add(answered)
  })
  // The client's patience counts, not the server's: an upload may take as long as it takes.
  server.requestTimeout = 0
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })

  const close = async (): Promise<void> => {
    closing.abort()
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await Promise.all([closed, ...underWay])
    await unlock()
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true })
  }
  let ended: Promise<void> | null = null

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    close() {
      ended ??= close()
      return ended
    },
  }
}

async function befall(
  { service, run }: Arrival,
  fault: Fault,
  response: ServerResponse,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<void> {
  if ('blackHole' in fault) return
  if ('reset' in fault) return reset(response)
  if ('status' in fault) return send(response, faultReply(service, fault.status, fault.code))
  if ('delay' in fault) await sleep(fault.delay)
  const reply = await run()
  if (!('loseAnswer' in fault)) return send(response, reply, 'truncate' in fault ? fault.truncate : undefined)
  if (reply.body instanceof Readable) reply.body.destroy()
  reset(response)
}

const reset = (response: ServerResponse): void => void response.socket?.resetAndDestroy()

const wholeBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
