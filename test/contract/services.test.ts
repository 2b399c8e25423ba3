import { describe, expect, test } from 'vitest'
import { httpServices } from '#aws/services.ts'
import type { ServiceCall } from '#core/ports.ts'
import { serviceServer } from '#test/support/service-server.ts'

const TOKEN = 'a-token-that-nobody-may-see'
const secrets = { read: async () => TOKEN }
const never = new AbortController().signal
const services = (reach: 'internet' | 'loopback' = 'loopback') => httpServices(secrets, reach)

const call = (url: string, more: Partial<ServiceCall> = {}): ServiceCall => ({
  url,
  method: 'GET',
  headers: {},
  body: null,
  token: null,
  timeout: 10_000,
  ...more,
})

describe('a request to a service', () => {
  test('carries method, headers and body, and brings back status, headers, body and time', async () => {
    const { url, requests } = await serviceServer(() => ({
      status: 201,
      headers: { 'X-Mode': 'text' },
      json: { ok: 1 },
    }))
    const answer = await services().call(
      call(`${url}/api/search?q=a%20b`, { method: 'POST', headers: { 'x-tenant': 't' }, body: '{"q":"Übersicht"}' }),
      never,
    )
    expect(answer).toMatchObject({ status: 201, headers: { 'x-mode': 'text' }, body: '{"ok":1}', whole: true })
    expect(answer.milliseconds).toBeGreaterThan(0)
    expect(requests).toMatchObject([{ method: 'POST', path: '/api/search?q=a%20b', body: '{"q":"Übersicht"}' }])
    expect(requests[0]?.headers).toMatchObject({ 'x-tenant': 't', 'content-type': 'application/json' })
    expect(requests[0]?.headers.authorization).toBeUndefined()
  })

  test('carries the token of the service, which no answer brings back', async () => {
    const { url, requests } = await serviceServer(({ headers }) => ({
      headers: { 'x-echo': String(headers.authorization ?? headers['x-api-key']) },
      text: `you said ${headers.authorization ?? headers['x-api-key']}`,
    }))
    const bearer = await services().call(call(url, { token: { secret: '/app/t', header: null } }), never)
    const bare = await services().call(call(url, { token: { secret: '/app/t', header: 'x-api-key' } }), never)
    expect(requests.map(({ headers }) => [headers.authorization, headers['x-api-key']])).toEqual([
      [`Bearer ${TOKEN}`, undefined],
      [undefined, TOKEN],
    ])
    expect(JSON.stringify([bearer, bare])).not.toContain(TOKEN)
    expect(bearer).toMatchObject({ body: 'you said Bearer ***', headers: { 'x-echo': 'Bearer ***' } })
  })

  test('follows no redirect: the token of one address goes to no other', async () => {
    const elsewhere = await serviceServer(() => ({}))
    const { url } = await serviceServer(() => ({ status: 307, headers: { location: elsewhere.url } }))
    expect((await services().call(call(url, { token: { secret: '/t', header: null } }), never)).status).toBe(307)
    expect(elsewhere.requests).toEqual([])
  })

  test('is not repeated, whatever becomes of it', async () => {
    for (const answer of ['hang-up', { status: 503 }] as const) {
      const { url, requests } = await serviceServer(() => answer)
      await services()
        .call(call(url), never)
        .catch(() => undefined)
      expect(requests).toHaveLength(1)
    }
  })

  test('says that nothing listens, without a token in it', async () => {
    const { url, close } = await serviceServer(() => ({}))
    await close()
    const error: unknown = await services()
      .call(call(`${url}/x?q=secret`, { token: { secret: '/t', header: null } }), never)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'Service.Unreachable', category: 'unreachable' })
    expect(String(error)).not.toMatch(/secret|a-token/)
  })

  test.each([
    ['is silent', 'silence', 'Service.Slow'],
    ['hangs up', 'hang-up', 'Service.Lost'],
    ['breaks off in the middle of its answer', 'half', 'Service.Lost'],
  ] as const)('tells a service that %s from one that is not there', async (_, answer, name) => {
    const { url } = await serviceServer(() => answer)
    const timeout = answer === 'silence' ? 100 : 10_000
    await expect(services().call(call(url, { timeout }), never)).rejects.toMatchObject({ name })
  })

  test('reads no more than a mebibyte of an answer', async () => {
    const { url } = await serviceServer(() => ({ text: 'x'.repeat(1024 * 1024 + 1) }))
    expect(await services().call(call(url), never)).toMatchObject({ status: 200, body: '', whole: false })
  })
})

describe('an address that is not called', () => {
  test.each([
    ['plain HTTP', 'http://example.com/x'],
    ['loopback, where Lambda has its own service', 'http://127.0.0.1:9001/x'],
    ['loopback by name', 'https://localhost/x'],
    ['the metadata of the host', 'https://169.254.169.254/latest/meta-data/'],
    ['a private network', 'https://10.1.2.3/x'],
  ])('is refused outside a developer’s machine, before the token is read: %s', async (_, url) => {
    const unread = httpServices({ read: () => Promise.reject(new Error('the token was read')) }, 'internet')
    const asked = call(url, { timeout: 2_000 })
    await expect(unread.call(asked, never)).rejects.toMatchObject({ name: 'Service.Refused', category: 'refused' })
  })
})
