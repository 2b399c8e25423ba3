import type { HttpExpectation } from '#core/plan/checks-http.ts'
import type { ServiceAnswer } from '#core/ports.ts'
import { jsonAt, show, wrongValue } from '#core/verify/json-at.ts'
import type { Verdict } from '#core/verify/run-check.ts'

/** Our own token is wrong, or we ask too often: that says nothing about what is asked. */
const CANNOT_TELL: readonly number[] = [401, 403, 407, 429]

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const wrongPart = ({ json, headers, text }: HttpExpectation, answer: ServiceAnswer): string | null => {
  for (const [name, wanted] of Object.entries(headers)) {
    const value = answer.headers[name]
    if (!value?.includes(wanted)) return `header ${name} is ${show(value)}, without ${show(wanted)}`
  }
  if (text !== null && !answer.body.includes(text)) return `the body has no ${show(text)}`
  const tests = Object.entries(json)
  const value = tests.length > 0 ? parsed(answer.body) : undefined
  if (tests.length > 0 && value === undefined) return 'the body is not JSON'
  for (const [path, test] of tests) {
    const wrong = wrongValue(jsonAt(value, path), test)
    if (wrong !== null) return `${path} is ${wrong}`
  }
  return null
}

const isExpected = (status: number, expected: HttpExpectation['status']): boolean =>
  expected === null ? status >= 200 && status < 300 : expected.includes(status)

/** What an answer says about the promise of its check. */
export const judgeAnswer = (expect: HttpExpectation, answer: ServiceAnswer): Verdict => {
  const { status, milliseconds, whole } = answer
  const wanted = expect.status === null ? '200 to 299' : expect.status.join(' or ')
  if (!isExpected(status, expect.status)) {
    const tells = !CANNOT_TELL.includes(status)
    return { status: tells ? 'fail' : 'unknown', detail: `status ${status}, not ${wanted}` }
  }
  const took = `${Math.round(milliseconds)} ms`
  if (milliseconds > expect.within) return { status: 'fail', detail: `${took}, not within ${expect.within} ms` }
  const looksInside = expect.text !== null || Object.keys(expect.json).length > 0
  if (!whole && looksInside) return { status: 'unknown', detail: 'the answer is longer than what is read of it' }
  const wrong = wrongPart(expect, answer)
  if (wrong !== null) return { status: 'fail', detail: `${wrong} (status ${status}, ${took})` }
  const seen = Object.keys(expect.json).map((path) => `${path} ${show(jsonAt(parsed(answer.body), path))}`)
  return { status: 'pass', detail: [`status ${status} in ${took}`, ...seen].join(', ') }
}
