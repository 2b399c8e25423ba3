import { describe, expect, test } from 'vitest'
import { loadPlan } from '#core/plan/load.ts'
import { edited, planFolder, shown } from './folder.ts'

const SERVICES = 'services: { api: { url: "https://api.{env}.example.com" } }\ncontacts:'
const withCheck = (check: string, services = SERVICES): Promise<string> =>
  planFolder({
    'plan.yaml': edited(['contacts:', `  asked: { describe: Asked., after: [flag], ${check} }\n${services}`]),
  })
const problemsOf = async (check: string, services?: string): Promise<string[]> => {
  const error = await loadPlan(await withCheck(check, services)).then(
    () => null,
    (thrown: unknown) => thrown as { problems: Parameters<typeof shown>[0] },
  )
  return error === null ? [] : shown(error.problems)
}

describe('a check outside the database', () => {
  test.each([
    'http: { service: api, path: "/health?deep=1" }',
    'http: { service: api, path: /health }, expect: { status: [200, 503], within: 2s, text: ok, headers: { x-mode: text } }',
    'http: { service: api, method: POST, path: /search, json: { q: "{ not a placeholder }" }, creates: nothing }',
    'http: { service: api, method: POST, path: /a, json: { t: "{tag}" }, cleanup: { created: id, path: "/a/{created}" } }',
    'metric: { namespace: App, name: Errors, statistic: Average, window: 5m }, expect: { below: 1 }',
    'baseline: { check: timed }, expect: { at-most-percent: 120 }',
  ])('is taken as it is written: %s', async (check) => {
    const timed = 'services: { api: { url: "https://api.{env}.example.com" } }\ncontacts:'
    const also = `  timed: { describe: T., http: { service: api, path: /t }, after: [re-enable] }\n${timed}`
    expect(await problemsOf(check, also)).toEqual([])
  })

  test('has defaults: GET, any 2xx, five seconds', async () => {
    const { checks } = await loadPlan(await withCheck('http: { service: api, path: /health }'))
    expect(checks.asked).toMatchObject({
      kind: 'http',
      method: 'GET',
      cleanup: null,
      expect: { status: null, within: 5_000, json: {}, headers: {}, text: null },
    })
  })

  test.each([
    ['http: { service: apu, path: /health }', /"apu" is not a service of this plan\. Did you mean "api"\?/],
    ['http: { service: api, path: health }', /"health" is not the path of a request/],
    ['http: { service: api, path: "//evil.example.com/" }', /is not the path of a request/],
    ['http: { service: api, path: "/x/{tenant}" }', /"\{tenant\}" is not a placeholder/],
    ['http: { service: api, path: /x, json: { a: 1 } }', /GET has no body/],
    ['http: { service: api, method: POST, path: /x }', /does not say what becomes of what it creates/],
    [
      'http: { service: api, method: POST, path: /x, json: {}, cleanup: { created: id, path: "/x/{created}" } }',
      /Nothing marks what this creates as test data/,
    ],
    [
      'http: { service: api, method: POST, path: /x, json: { t: "{tag}" }, cleanup: { path: /x } }',
      /This does not say what to remove/,
    ],
    [
      'http: { service: api, method: POST, path: /x, json: { t: "{tag}" }, cleanup: { path: "/x/{created}" } }',
      /created and \{created\} go together/,
    ],
    ['http: { service: api, path: /x, headers: { authorization: secret } }', /"authorization" cannot be set here/],
    ['http: { service: api, path: /x }, expect: { rows: 1 }', /A check of the kind http expects no rows/],
    ['http: { service: api, path: /x }, is: safe', /A check of the kind http has no is/],
    ['http: { service: api, path: /x }, expect: { json: { a: {} } }', /This says nothing about the value|Invalid/],
    ['metric: { namespace: A, name: B, statistic: Average, window: 5m }', /does not say what it expects/],
    ['metric: { namespace: A, name: B, statistic: Average, window: 90s }, expect: { below: 1 }', /whole minutes/],
    ['metric: { namespace: A, name: B, statistic: median, window: 5m }, expect: { below: 1 }', /"median" is not/],
    ['baseline: { signal: slower }, expect: { at-most-percent: 120 }', /"slower" is not a signal/],
    ['baseline: { check: answers }, expect: { at-most-percent: 120 }', /"answers" is not a check of SQL or HTTP/],
    ['baseline: { signal: slow }', /does not say what it expects/],
    ['sql: sql/answers.sql, expect: { value: 1, rows: 1 }', /This expectation has "value" and "rows"/],
    ['sql: sql/answers.sql, expect: { status: 200 }', /A check of the kind sql expects no status/],
    ['sql: sql/answers.sql', /does not say what it expects/],
    ['flag: SEARCH', /does not say what it expects/],
    ['flag: SEARCH, is: safe, as: somebody', /A check of the kind flag has no as/],
  ])('is refused, with what to write: %s', async (check, problem) => {
    expect((await problemsOf(check)).join('\n')).toMatch(problem)
  })

  test.each([
    ['http://api.example.com', /is not the address of a service/],
    ['https://user:secret@api.example.com', /is not the address of a service/],
    ['https://api.example.com/?key=secret', /is not the address of a service/],
  ])('goes to no service at %s', async (url, problem) => {
    const services = `services: { api: { url: "${url}" } }\ncontacts:`
    expect((await problemsOf('http: { service: api, path: /x }', services)).join('\n')).toMatch(problem)
  })
})
