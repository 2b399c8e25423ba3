import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { wayTo } from '#aws/way-to.ts'
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

const refused = (url: string, why: string): RollbackError =>
  new RollbackError('Webhook.Refused', `"${url}" is not called: ${why}.`, {
    fix: 'Give the plan an https address of the internet.',
    category: 'refused',
  })

/** What may be called, and with what; nothing else is connected to. */
const requestFor = ({ url, reach }: WebhookCall) => wayTo(url, reach, (why) => refused(url, why))

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
