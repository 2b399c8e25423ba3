import { describe, expect, test } from 'vitest'
import { timestampMillis } from '#local/asl/wait.ts'
import { machine, run } from './harness.ts'

const wait = (fields: object, input: unknown = {}) =>
  run(machine({ W: { Type: 'Wait', ...fields, End: true } }), { input })

describe('Wait', () => {
  test('for seconds, given or evaluated', async () => {
    expect((await wait({ Seconds: 30 })).seconds).toBe(30)
    expect((await wait({ Seconds: '{% $states.input.s * 2 %}' }, { s: 4 })).seconds).toBe(8)
  })

  test('passes its input on, or its Output', async () => {
    expect((await wait({ Seconds: 1 }, { a: 1 })).result.output).toEqual({ a: 1 })
    expect((await wait({ Seconds: 1, Output: 2 })).result.output).toBe(2)
  })

  test('longer than a timer can', async () => {
    expect((await wait({ Seconds: 30 * 86_400 })).seconds).toBe(30 * 86_400)
  })

  test('until a time, in whatever offset it is written', async () => {
    expect((await wait({ Timestamp: '2026-11-01T02:00:30+02:00' })).seconds).toBe(30)
    expect((await wait({ Timestamp: '{% $states.input %}' }, '2026-11-01T00:01:00Z')).seconds).toBe(60)
  })

  test('not at all for a time that is past', async () => {
    expect((await wait({ Timestamp: '2020-01-01T00:00:00Z' })).seconds).toBe(0)
  })

  test('fails for what is not a time or a whole number of seconds', async () => {
    expect((await wait({ Timestamp: '{% $states.input %}' }, '2026-11-01')).result).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining('not an ISO 8601 date and time with an offset: "2026-11-01"'),
    })
    expect((await wait({ Seconds: "{% '5' %}" })).result.cause).toContain("Expected 'number', but was 'string'")
    expect((await wait({ Seconds: '{% -1 %}' })).result.error).toBe('States.QueryEvaluationError')
  })
})

test.each([
  ['2026-01-31T12:00:00Z', true],
  ['2026-01-31t12:00:00.123456789z', true],
  ['2026-01-31T12:00-05:00', true],
  ['2026-01-31 12:00:00Z', false],
  ['2026-01-31T12:00:00', false],
  ['2026-01-31', false],
  ['2026-13-31T12:00:00Z', false],
])('%s needs the T and an offset: %s', (text, good) => {
  expect(timestampMillis(text) !== null).toBe(good)
})
