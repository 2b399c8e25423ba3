import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signedWebhooks } from '#aws/webhooks.ts'
import type { WebhookCall } from '#core/ports.ts'
import { webhookServer } from '#test/support/webhook-server.ts'

const KEY = 'a key that both sides know'
const secrets = { read: async () => KEY }
const HASTY = { timeout: 5_000, pauses: [1, 1, 1] }
const hooks = (limits = HASTY) => signedWebhooks(secrets, limits)

const call = (url: string, more: Partial<WebhookCall> = {}): WebhookCall => ({
  url,
  secret: '/app/local/STATUS',
  idempotencyKey: 'incident-1-contained',
  body: '{"event":"contained","text":"Übersicht"}',
  reach: 'loopback',
  ...more,
})

describe('a webhook', () => {
  test('is posted as JSON, signed over its timestamp and its bytes', async () => {
    const { url, requests } = await webhookServer()
    expect(await hooks().post(call(`${url}/hooks/1?a=b`))).toEqual({ status: 200 })
    const [{ method, path, headers, body } = { method: '', path: '', headers: {}, body: '' }] = requests
    expect([method, path, body]).toEqual(['POST', '/hooks/1?a=b', call('').body])
    const timestamp = String(headers['x-timestamp'])
    expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(60)
    const mac = createHmac('sha256', KEY).update(`${timestamp}.${body}`).digest('hex')
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-signature-256': `sha256=${mac}`,
      'idempotency-key': 'incident-1-contained',
    })
  })

  test.each([
    ['answers 503, then 429', [503, 429, 204], 204],
    ['hangs up', ['hang-up', 200], 200],
  ] as const)('is sent again with the same idempotency key when the other side %s', async (_, answers, status) => {
    const { url, requests } = await webhookServer(answers)
    expect(await hooks().post(call(url))).toEqual({ status })
    expect(requests).toHaveLength(answers.length)
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  test('is tried four times and no more, and says what each of them brought', async () => {
    const { url, requests } = await webhookServer([500])
    await expect(hooks().post(call(url))).rejects.toMatchObject({
      name: 'Webhook.NotDelivered',
      category: 'unreachable',
      message: expect.stringContaining('answered 500, then 500, then 500, then 500.'),
    })
    expect(requests).toHaveLength(4)
  })

  test('is not sent again when the other side does not want it', async () => {
    const { url, requests } = await webhookServer([404])
    await expect(hooks().post(call(url))).rejects.toThrow('answered 404.')
    expect(requests).toHaveLength(1)
  })

  test('waits for an answer no longer than it may', async () => {
    const { url, requests } = await webhookServer(['silence'])
    await expect(hooks({ timeout: 100, pauses: [1] }).post(call(url))).rejects.toThrow(
      'answered no answer within 0.1 s, then no answer within 0.1 s.',
    )
    expect(requests.length).toBeGreaterThan(0)
  })

  test('follows no redirect: what was signed for one address goes to no other', async () => {
    const elsewhere = await webhookServer()
    const { url, requests } = await webhookServer([{ redirect: elsewhere.url }])
    await expect(hooks().post(call(url))).rejects.toThrow('answered 307.')
    expect([requests.length, elsewhere.requests.length]).toEqual([1, 0])
  })
})

describe('an address that no webhook has', () => {
  test.each([
    ['plain HTTP', 'http://example.com/x', 'http://, not https://'],
    ['loopback', 'https://127.0.0.1/x', 'own network'],
    ['loopback in other words', 'https://0x7f.1/x', 'own network'],
    ['loopback by name', 'https://localhost/x', 'own network'],
    ['loopback of IPv6', 'https://[::1]/x', 'own network'],
    ['loopback of IPv4 in IPv6', 'https://[::ffff:127.0.0.1]/x', 'own network'],
    ['the metadata of the host', 'https://169.254.169.254/latest/meta-data/', 'own network'],
    ['a private network', 'https://10.1.2.3/x', 'own network'],
  ])('is refused outside a developer’s machine: %s', async (_, url, why) => {
    const error: unknown = await hooks({ timeout: 2_000, pauses: [] })
      .post(call(url, { reach: 'internet' }))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'Webhook.Refused', category: 'refused' })
    expect(String(error)).toContain(why)
  })

  test('is refused on a developer’s machine, too, when it is not loopback', async () => {
    await expect(hooks().post(call('http://example.com/x'))).rejects.toMatchObject({ name: 'Webhook.Refused' })
  })
})
