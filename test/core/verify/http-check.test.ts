import { describe, expect, test } from 'vitest'
import { keys } from '#core/incident/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { HttpCheck } from '#core/plan/checks.ts'
import { runHttpCheck } from '#core/verify/http-check.ts'
import { readLeft } from '#core/verify/test-data.ts'
import { useEndpoints } from '#test/support/endpoints.ts'
import { type ServiceAnswer, type ServiceRequest, serviceServer } from '#test/support/service-server.ts'
import { outsideWorld, planWith, RUN, TOKEN } from './outside-world.ts'

const at = useEndpoints()
const TAG = 'vector-rollback-small-flag-1-created'

/** A check as it stands in plan.yaml, asked of a service that answers like that. */
const asked = async (
  check: string,
  answer: (request: ServiceRequest, nth: number) => ServiceAnswer,
  before: (world: Awaited<ReturnType<typeof outsideWorld>>) => Promise<unknown> = async () => undefined,
) => {
  const service = await serviceServer(answer)
  const world = await outsideWorld(at().endpoints.url, service.url)
  await before(world)
  const plan = planWith(`created: { describe: It answers., after: [flag], ${check} }`)
  const verdict = await runHttpCheck(RUN, plan, 'created', plan.checks.created as HttpCheck, world)
  return {
    ...service,
    ...world,
    plan,
    verdict,
    ask: () => runHttpCheck(RUN, plan, 'created', plan.checks.created as HttpCheck, world),
  }
}
const GET = 'http: { service: api, path: "/health" }'

describe('an HTTP check', () => {
  test.each<[string, string, ServiceAnswer, 'pass' | 'fail' | 'unknown', RegExp]>([
    ['passes on a 200', GET, {}, 'pass', /^status 200 in \d+ ms$/],
    ['passes on any 2xx', GET, { status: 204 }, 'pass', /204/],
    ['fails on a 500', GET, { status: 500 }, 'fail', /^status 500, not 200 to 299$/],
    ['fails on a 404', GET, { status: 404 }, 'fail', /404/],
    ['fails on a redirect, which it does not follow', GET, { status: 302, headers: { location: '/' } }, 'fail', /302/],
    ['passes on a 404 that is expected', `${GET}, expect: { status: [404, 410] }`, { status: 404 }, 'pass', /404/],
    ['fails on a 200 where a 404 is expected', `${GET}, expect: { status: 404 }`, {}, 'fail', /status 200, not 404/],
    ['does not know when its token is refused', GET, { status: 401 }, 'unknown', /401/],
    ['does not know when it asks too often', GET, { status: 429 }, 'unknown', /429/],
    ['fails when the service is too slow', `${GET}, expect: { within: 100ms }`, 'silence', 'fail', /within 100 ms/],
    ['does not know when the connection breaks', GET, 'hang-up', 'unknown', /broke off/],
    ['does not know when the answer breaks off', GET, 'half', 'unknown', /broke off/],
    [
      'passes when the values of the answer are as expected',
      `${GET}, expect: { json: { status: ok, results.length: { at-least: 1 }, results.0.mode: { one-of: [text, machines] } } }`,
      { json: { status: 'ok', results: [{ mode: 'text' }] } },
      'pass',
      /, status "ok", results.length 1, results.0.mode "text"$/,
    ],
    [
      'fails, and quotes it, when a value is another one',
      `${GET}, expect: { json: { results.length: { at-least: 1 } } }`,
      { json: { results: [] } },
      'fail',
      /^results.length is 0, not at least 1/,
    ],
    [
      'fails when a value is not there',
      `${GET}, expect: { json: { a.b: 1 } }`,
      { json: { a: 1 } },
      'fail',
      /not there/,
    ],
    ['takes no number for its text', `${GET}, expect: { json: { a: "1" } }`, { json: { a: 1 } }, 'fail', /1, not "1"/],
    [
      'fails when what may not be there is',
      `${GET}, expect: { json: { e: { present: false } } }`,
      { json: { e: null } },
      'fail',
      /null/,
    ],
    ['fails when the answer is not JSON', `${GET}, expect: { json: { a: 1 } }`, { text: '<html>' }, 'fail', /not JSON/],
    [
      'fails when a header is another one',
      `${GET}, expect: { headers: { x-mode: text } }`,
      { headers: { 'x-mode': 'vector' } },
      'fail',
      /"vector"/,
    ],
    ['passes by a text in the body', `${GET}, expect: { text: healthy }`, { text: 'all healthy' }, 'pass', /200/],
  ])('%s (PGV-19, OPT-18, OPT-19, OPT-66, EMQ-70)', async (_, check, answer, status, detail) => {
    const { verdict } = await asked(check, () => answer)
    expect(verdict).toMatchObject({ status, detail: expect.stringMatching(detail) })
  })

  test('does not know when nobody listens: that is no proof of anything', async () => {
    const { close, ask } = await asked(GET, () => ({}))
    await close()
    expect(await ask()).toMatchObject({ status: 'unknown', detail: expect.stringContaining('cannot be reached') })
  })

  test('is marked with the incident and carries the token of the service, which nothing repeats', async () => {
    const { requests, verdict } = await asked(`${GET}, expect: { json: { seen: other } }`, ({ headers }) => ({
      json: { seen: headers.authorization },
    }))
    expect(requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'x-rollback-incident': 'small-flag-1',
    })
    expect(verdict.detail).toContain('seen is "Bearer ***", not "other"')
  })

  test('goes to the address of the environment, and to no plain HTTP without one', async () => {
    const { plan, services, objects, clock, signal } = await asked(GET, () => ({}))
    const ports = { services, objects, clock, signal, environment: 'test', serviceUrls: {} }
    const own = { ...plan, services: { api: { url: 'http://localhost.example/{env}', token: null } } }
    const verdict = await runHttpCheck(RUN, own, 'created', own.checks.created as HttpCheck, ports)
    expect(verdict).toMatchObject({
      status: 'unknown',
      detail: expect.stringContaining('"http://localhost.example/test/health" is not called'),
    })
  })
})

/** Articles as an application has them, with faults by the way. */
const articles = (faults: { post?: ServiceAnswer; remove?: ServiceAnswer } = {}) => {
  const kept = new Map<string, string>()
  const answer = ({ method, path, body }: ServiceRequest): ServiceAnswer => {
    const id = path.split('/').at(-1) ?? ''
    if (method === 'POST') {
      kept.set(String(kept.size + 7), body)
      return faults.post ?? { status: 201, json: { id: kept.size + 6, mode: 'synchronous' } }
    }
    if (faults.remove !== undefined) return faults.remove
    return { status: kept.delete(id) ? 204 : 404 }
  }
  return { kept, answer, faults }
}
const CREATE =
  'http: { service: api, method: POST, path: /articles, json: { title: "{tag}" }, cleanup: { created: id, path: "/articles/{created}" } }'

describe('a check that creates', () => {
  test('removes what it created, which says in itself that it is test data (EMQ-12, EMQ-75)', async () => {
    const { kept, answer } = articles()
    const { verdict, requests, objects } = await asked(`${CREATE}, expect: { json: { mode: synchronous } }`, answer)
    expect(verdict).toMatchObject({ status: 'pass', detail: expect.stringContaining('mode "synchronous"') })
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /articles', 'DELETE /articles/7'])
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({ title: TAG })
    expect(requests[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f]{64}$/)
    expect(kept.size).toBe(0)
    expect(await readLeft(objects, RUN.incident, 'created')).toEqual([])
  })

  test('removes it also when the answer is not as expected', async () => {
    const { kept, answer } = articles()
    const { verdict } = await asked(`${CREATE}, expect: { json: { mode: queued } }`, answer)
    expect(verdict).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('mode is "synchronous", not "queued"'),
    })
    expect(kept.size).toBe(0)
  })

  test('by its tag removes also what a broken answer does not name', async () => {
    const byTag = CREATE.replace('created: id, path: "/articles/{created}"', 'path: "/articles?title={tag}"')
    const { verdict, requests } = await asked(byTag, ({ method }) => (method === 'POST' ? 'hang-up' : { status: 204 }))
    expect(verdict.status).toBe('unknown')
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /articles',
      `DELETE /articles?title=${TAG}`,
    ])
  })

  test('fails, and says what to look for, when what it created cannot be removed', async () => {
    const { answer } = articles({ remove: { status: 500 } })
    const { verdict, objects } = await asked(CREATE, answer)
    expect(verdict).toMatchObject({ status: 'fail', detail: expect.stringContaining(`look for "${TAG}"`) })
    expect(await readLeft(objects, RUN.incident, 'created')).toEqual([{ at: expect.any(String), created: '7' }])
  })

  test('removes with the next try what the one before has left', async () => {
    const { kept, answer, faults } = articles({ remove: { status: 500 } })
    const { ask, objects } = await asked(CREATE, answer)
    delete faults.remove
    expect((await ask()).status).toBe('pass')
    expect([kept.size, await readLeft(objects, RUN.incident, 'created')]).toEqual([0, []])
  })

  test('that was killed between creating and removing leaves a note, by which the next try removes it', async () => {
    const { kept, answer } = articles()
    kept.set('99', 'of the killed one')
    const { verdict, requests } = await asked(CREATE, answer, ({ objects }) =>
      writeJson(objects, keys.testData(RUN.incident, 'created'), {
        tag: TAG,
        left: [{ at: '2026-11-01T00:00:00.000Z', created: '99' }],
      }),
    )
    expect(verdict.status).toBe('pass')
    expect(requests.map(({ method, path }) => `${method} ${path}`)[0]).toBe('DELETE /articles/99')
    expect(kept.size).toBe(0)
  })

  test('writes down that it creates before it does', async () => {
    let noted: unknown
    const { answer } = articles()
    const service = await serviceServer(answer)
    const world = await outsideWorld(at().endpoints.url, service.url)
    const plan = planWith(`created: { describe: It answers., after: [flag], ${CREATE} }`)
    const services = {
      call: async (...args: Parameters<typeof world.services.call>) => {
        noted ??= (await readJson(world.objects, keys.testData(RUN.incident, 'created')))?.value
        return world.services.call(...args)
      },
    }
    await runHttpCheck(RUN, plan, 'created', plan.checks.created as HttpCheck, { ...world, services })
    expect(noted).toEqual({ tag: TAG, left: [{ at: world.clock.now().toISOString(), created: null }] })
  })

  test.each(['..', '', '7/../..', 'a b'])('takes "%s" for no id: it would lead elsewhere', async (id) => {
    const { verdict, requests } = await asked(CREATE, () => ({ status: 201, json: { id } }))
    expect(requests).toHaveLength(1)
    expect(verdict).toMatchObject({ status: 'unknown', detail: expect.stringContaining(`look for "${TAG}"`) })
  })

  test('creates nothing while a person has stopped the plan, or another run holds the lease', async () => {
    const { answer } = articles()
    const stopped = await asked(CREATE, answer, ({ objects }) =>
      writeJson(objects, keys.switch('small'), {
        stopped: true,
        by: 'Ada',
        reason: 'Wait.',
        at: '2026-11-01T00:00:00.000Z',
      }),
    )
    expect(stopped.verdict).toMatchObject({ status: 'unknown' })
    expect(stopped.requests).toEqual([])
    const overtaken = await asked(CREATE, answer, async ({ objects }) => {
      const lease = (await readJson(objects, keys.lease('small')))?.value as object
      await writeJson(objects, keys.lease('small'), { ...lease, epoch: 2, incident: 'another' })
    })
    expect(overtaken.verdict).toMatchObject({ status: 'unknown' })
    expect(overtaken.requests).toEqual([])
  })

  test('that is refused has created nothing, and removes nothing', async () => {
    const { verdict, requests } = await asked(CREATE, () => ({ status: 422 }))
    expect([verdict.status, requests.length]).toEqual(['fail', 1])
  })
})
