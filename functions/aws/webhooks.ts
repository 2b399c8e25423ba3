import { createHmac } from 'node:crypto'
import { lookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RollbackError } from '#core/errors.ts'
import type { Notifier, Secrets, WebhookCall } from '#core/ports.ts'

export interface WebhookLimits {
  /** For one try, from the connection to the status. Milliseconds. */
  readonly timeout: number
  /** Before the second, third, … try; as many repetitions as there are pauses. Milliseconds. */
  readonly pauses: readonly number[]
}

/** In the worst case 27 seconds: a function that tells people has 50. */
export const WEBHOOK_LIMITS: WebhookLimits = { timeout: 5_000, pauses: [1_000, 2_000, 4_000] }

/** Where no webhook of the internet can be: the function's own machine, its network, and the metadata of its host. */
const OWN_NETWORK = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  OWN_NETWORK.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  OWN_NETWORK.addSubnet(network, bits, 'ipv6')

const isOwn = (address: string): boolean => OWN_NETWORK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

const refused = (url: string, why: string): RollbackError =>
  new RollbackError('Webhook.Refused', `"${url}" is not called: ${why}.`, {
    fix: 'Give the plan an https address of the internet.',
    category: 'refused',
  })

/** The address is looked at when it is connected to, so that a name cannot point elsewhere a moment later. */
const lookupOutside =
  (url: string): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const own = addresses?.find(({ address }) => isOwn(address))
      const [first] = addresses ?? []
      if (error) callback(error, [])
      else if (own) callback(refused(url, `"${hostname}" is ${own.address}, an address of the own network`), [])
      else if (options.all) callback(null, addresses)
      else callback(null, first?.address ?? '', first?.family)
    })
  }

/** What may be called, and with what; nothing else is connected to. */
const requestFor = ({ url, reach }: WebhookCall) => {
  const { protocol, hostname } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (reach === 'loopback' && (host === 'localhost' || host === '::1' || /^127\./.test(host)))
    return { send: protocol === 'https:' ? requestHttps : requestHttp, options: {} }
  if (protocol !== 'https:') throw refused(url, `it is ${protocol}//, not https://`)
  if (isIP(host) && isOwn(host)) throw refused(url, `${host} is an address of the own network`)
  return { send: requestHttps, options: { lookup: lookupOutside(url) } }
}

/** GitHub's form, over the timestamp as well, so that an old call cannot be replayed: `sha256=` HMAC(timestamp.body). */
const signed = (key: string, timestamp: string, body: string): string =>
  `sha256=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`

/** One try. Resolves to the status, whichever it is. Redirects are an answer, not a way: they are not followed. */
const post = (call: WebhookCall, key: string, timeout: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const { send, options } = requestFor(call)
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signal = AbortSignal.timeout(timeout)
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(call.body),
      'user-agent': 'vector-rollback',
      'idempotency-key': call.idempotencyKey,
      'x-timestamp': timestamp,
      'x-signature-256': signed(key, timestamp, call.body),
    }
    const request = send(call.url, { method: 'POST', headers, signal, agent: false, ...options }, (response) => {
      // What it says is not wanted, and may be endless.
      response.destroy()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', (error) => reject(signal.aborted ? new Error(`no answer within ${timeout / 1000} s`) : error))
    request.end(call.body)
  })

const isPassing = (status: number): boolean => status >= 500 || status === 429 || status === 408

/** Posts signed webhooks, and repeats what may pass: no connection, no answer, 408, 429, 5xx. */
export const signedWebhooks = (secrets: Secrets, limits = WEBHOOK_LIMITS): Pick<Notifier, 'post'> => ({
  async post(call) {
    // Refused before the secret is read.
    requestFor(call)
    const key = await secrets.read(call.secret)
    const tries: string[] = []
    for (const pause of [0, ...limits.pauses]) {
      await sleep(pause)
      try {
        const status = await post(call, key, limits.timeout)
        if (status >= 200 && status < 300) return { status }
        tries.push(String(status))
        if (!isPassing(status)) break
      } catch (error) {
        if (error instanceof RollbackError) throw error
        tries.push(error instanceof Error ? error.message : String(error))
      }
    }
    throw new RollbackError('Webhook.NotDelivered', `"${call.url}" answered ${tries.join(', then ')}.`, {
      fix: 'Look at the service behind it; the message is sent again with the next one of this incident.',
      category: 'unreachable',
    })
  },
})
