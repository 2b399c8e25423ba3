import { describe, expect, test } from 'vitest'
import { LambdaError } from '#local/asl/interpret.ts'
import { type Call, type Functions, machine, run, task, types } from './harness.ts'

const once = (more: object, functions: Functions, input: unknown = {}) =>
  run(machine({ Only: task('f', { End: true, ...more }) }), { functions, input })

describe('lambda:invoke', () => {
  test('gives the response of Invoke', async () => {
    const { result } = await once({}, { f: (payload: unknown) => ({ got: payload }) }, { a: 1 })
    expect(result.output).toEqual({ ExecutedVersion: '$LATEST', Payload: { got: { a: 1 } }, StatusCode: 200 })
  })

  test('calls the function that an expression names', async () => {
    const Arguments = { FunctionName: '{% $lookup({"retire": "retire-function"}, $states.input.kind) %}' }
    const { result } = await once({ Arguments }, { 'retire-function': () => 'called' }, { kind: 'retire' })
    expect(result.output).toMatchObject({ Payload: 'called' })
  })

  test('fails when the name is not text', async () => {
    const { result } = await once({ Arguments: { FunctionName: '{% 1 %}' } }, {})
    expect(result.cause).toContain("'Arguments/FunctionName' returned an unexpected result type. Expected 'string'")
  })

  test('lets nothing through that is not JSON, and nothing that a function changes in its payload', async () => {
    const changing = (payload: { list: number[] }) => {
      payload.list.push(4)
      return { at: new Date(0), gone: undefined, map: new Map([[1, 2]]) }
    }
    const { result } = await once(
      { Output: ['{% $states.input %}', '{% $states.result.Payload %}'] },
      { f: changing },
      {
        list: [1],
      },
    )
    expect(result.output).toEqual([{ list: [1] }, { at: '1970-01-01T00:00:00.000Z', map: {} }])
  })

  test('a function that answers nothing answers null', async () => {
    expect((await once({}, { f: () => undefined })).result.output).toMatchObject({ Payload: null })
  })
})

describe('a function that fails', () => {
  test('its error is the errorType, its cause the JSON text of the runtime', async () => {
    const f = () => {
      throw new LambdaError('Approval.Void', 'changed', ['Approval.Void: changed'])
    }
    const { result, events } = await once({}, { f })
    const cause = '{"errorType":"Approval.Void","errorMessage":"changed","trace":["Approval.Void: changed"]}'
    expect(result).toEqual({ status: 'FAILED', error: 'Approval.Void', cause })
    expect(events[4]).toMatchObject({
      type: 'TaskFailed',
      taskFailedEventDetails: { resourceType: 'lambda', resource: 'invoke', error: 'Approval.Void', cause },
    })
    expect(events[5]).toMatchObject({
      type: 'ExecutionFailed',
      executionFailedEventDetails: { error: 'Approval.Void', cause },
    })
  })

  test('any other exception is one with its name and message', async () => {
    const f = () => {
      throw new TypeError('x is not a function')
    }
    expect((await once({}, { f })).result).toEqual({
      status: 'FAILED',
      error: 'TypeError',
      cause: '{"errorType":"TypeError","errorMessage":"x is not a function"}',
    })
  })
})

describe('TimeoutSeconds', () => {
  const slow = (_: unknown, { clock }: Call) => clock.sleep(60_000)

  test('ends the task with States.Timeout and no cause; the execution has FAILED, not TIMED_OUT', async () => {
    const { result, events, seconds } = await once({ TimeoutSeconds: 5 }, { f: slow })
    expect(result).toEqual({ status: 'FAILED', error: 'States.Timeout' })
    expect(seconds).toBe(5)
    expect(events[2]).toMatchObject({ taskScheduledEventDetails: { timeoutInSeconds: 5 } })
    expect(events[4]).toMatchObject({
      type: 'TaskTimedOut',
      taskTimedOutEventDetails: { resourceType: 'lambda', resource: 'invoke', error: 'States.Timeout' },
    })
    expect(events[4]?.taskTimedOutEventDetails).not.toHaveProperty('cause')
  })

  test('a catcher gets an empty cause', async () => {
    const { result } = await run(
      machine({
        Only: task('f', {
          TimeoutSeconds: 5,
          Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Then' }],
          Next: 'Then',
        }),
        Then: { Type: 'Succeed' },
      }),
      { functions: { f: slow } },
    )
    expect(result.output).toEqual({ Error: 'States.Timeout', Cause: '' })
  })

  test('may be an expression, and is evaluated again for each retry', async () => {
    const { seconds } = await once(
      {
        TimeoutSeconds: '{% 5 + $states.context.State.RetryCount %}',
        Retry: [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1, IntervalSeconds: 1 }],
      },
      { f: slow },
    )
    expect(seconds).toBe(5 + 1 + 6)
  })

  test('must be a whole number', async () => {
    expect((await once({ TimeoutSeconds: "{% '5' %}" }, {})).result.cause).toContain(
      "Expected 'number', but was 'string'",
    )
    expect((await once({ TimeoutSeconds: '{% 1.5 %}' }, {})).result.error).toBe('States.QueryEvaluationError')
  })

  test('tells the function to stop, and whatever it does then is nobody’s', async () => {
    let told: unknown
    const f = async (_: unknown, { signal, clock }: Call) => {
      await clock.sleep(60_000, signal).catch((reason: unknown) => {
        told = reason
      })
      throw new Error('too late')
    }
    const { result } = await once({ TimeoutSeconds: 5 }, { f })
    expect(result.error).toBe('States.Timeout')
    expect(told).toBeInstanceOf(Error)
  })

  test('is not in the way of a function that is in time, and leaves no timer behind', async () => {
    const { result, clock } = await once({ TimeoutSeconds: 90 }, { f: slow })
    expect(result.status).toBe('SUCCEEDED')
    expect(clock.pending).toBe(0)
  })
})

test('arguments over 256 KiB are not sent', async () => {
  let calls = 0
  const f = () => ++calls
  const big = 'x'.repeat(150 * 1024)
  const Arguments = { FunctionName: 'f', Payload: ['{% $states.input %}', '{% $states.input %}'] }
  const { result, events } = await once({ Arguments }, { f }, big)
  expect(result.error).toBe('States.DataLimitExceeded')
  expect(calls).toBe(0)
  expect(types(events)).not.toContain('TaskScheduled')
})
