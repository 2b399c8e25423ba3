import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readProbed } from '#core/probe/destination.ts'
import { destination, result, round } from '#test/core/decide/destination-events.ts'

const ABOUT = { environment: 'prod', at: '2026-11-21T03:00:09.568Z' }

describe('the end of the probing function', () => {
  test('is read with everything that it found', () => {
    const rounds = [
      round([
        result('leak'),
        result('lag', { value: null, breached: 'unknown', error: { name: 'Postgres.QueryCanceled', message: 'x' } }),
        result('zero', { limit: { below: 1 }, unit: null, breached: false }),
      ]),
    ]
    expect(readProbed(destination({ responsePayload: rounds }))).toEqual({ ...ABOUT, kind: 'measured', rounds })
  })

  test.each([
    [
      'a crash',
      { condition: 'RetriesExhausted', responsePayload: { errorMessage: 'gave up', errorType: 'Sandbox.Timedout' } },
      { plan: null, problem: 'Sandbox.Timedout: gave up' },
    ],
    [
      'a crash of one plan',
      { condition: 'RetriesExhausted', responsePayload: null, requestPayload: { plan: 'small' } },
      { plan: 'small', problem: 'RetriesExhausted' },
    ],
    [
      'a start that came too late',
      { condition: 'EventAgeExceeded', responsePayload: undefined },
      { plan: null, problem: 'EventAgeExceeded' },
    ],
  ])('is read as a failure: %s', (_, ended, expected) => {
    // As JSON brings it.
    const event: unknown = JSON.parse(JSON.stringify(destination(ended)))
    expect(readProbed(event)).toEqual({ ...ABOUT, kind: 'failed', ...expected })
  })

  test.each([
    ['nothing', null],
    ['text', 'ok'],
    ['a round without results', [{ plan: 'small', at: '2026-11-21T03:00:07.000Z' }]],
    ['a time that is none', [round([], { at: 'yesterday' })]],
    ['a value that is text', [round([result('leak', { value: '7' as unknown as number })])]],
  ])('with %s in it is known as theirs, and not read', (_, responsePayload) => {
    expect(readProbed(destination({ responsePayload }))).toEqual({ ...ABOUT, kind: 'unreadable' })
  })
})

test('what is not the end of the probing function is not read as such', () => {
  const event = destination({ responsePayload: [] })
  const other = { ...event.requestContext, functionArn: 'arn:aws:lambda:us-east-1:444455556666:function:billing' }
  for (const wrong of [
    { ...event, requestContext: other },
    { ...event, requestContext: { ...event.requestContext, condition: '' } },
    { ...event, version: '2.0' },
    { ...event, timestamp: 'now' },
    JSON.stringify(event),
  ])
    expect(readProbed(wrong)).toBeNull()
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (any) => {
      expect(readProbed(any)).toBeNull()
    }),
  )
})

test('any answer of the function is read or known as unreadable, without an error', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('Success', 'RetriesExhausted', 'Other'),
      (responsePayload, condition) => {
        const kind = readProbed(destination({ responsePayload, condition }))?.kind
        expect(['measured', 'unreadable', 'failed']).toContain(kind)
      },
    ),
  )
})
