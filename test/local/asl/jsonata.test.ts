import { describe, expect, test } from 'vitest'
import { machine, output, run, types } from './harness.ts'

const FRAME = "An error occurred while executing the state 'Only' (entered at the event id #2). "

const failed = async (template: unknown, input: unknown = {}) => {
  const { result, events } = await run(machine({ Only: { Type: 'Pass', Output: template, End: true } }), { input })
  return { error: result.error, cause: result.cause, events }
}

describe('what counts as an expression', () => {
  test('only an exact {% … %} is one; anything else is text', async () => {
    expect(await output(['{% 1 + 1 %}', ' {% 1 + 1 %}', '{% 1 + 1 %} ', 'x{% 1 %}', '$states.input', '{%2%}'])).toEqual(
      [2, ' {% 1 + 1 %}', '{% 1 + 1 %} ', 'x{% 1 %}', '$states.input', 2],
    )
  })

  test.each([null, true, 0.1, 'text', [], {}, [null, { a: [] }]])('Output may be any JSON: %j', async (value) => {
    expect(await output(value)).toEqual(value)
  })

  test('expressions are evaluated at any depth, and keys are not', async () => {
    const input = { a: 1 }
    expect(await output({ '{% 1 %}': [{ deep: '{% $states.input.a %}' }] }, { input })).toEqual({
      '{% 1 %}': [{ deep: 1 }],
    })
  })
})

describe('what an expression may not give', () => {
  test('nothing: it is an error that names the field, never a dropped key', async () => {
    expect(await failed({ result: { x: '{% $states.input.absent %}' } })).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: `${FRAME}The JSONata expression '$states.input.absent' specified for the field 'Output/result/x' returned nothing (undefined).`,
    })
  })

  test('nothing, in an array: the field has the index', async () => {
    const { cause } = await failed([1, ['{% $nobody %}']])
    expect(cause).toContain("specified for the field 'Output[1][0]' returned nothing")
  })

  test('null is a value, not nothing', async () => {
    expect(await output({ v: '{% $states.input.n %}' }, { input: { n: null } })).toEqual({ v: null })
  })

  test('nothing inside the expression drops its key, as JSONata does', async () => {
    expect(await output('{% {"a": $states.input.absent, "b": 1} %}')).toEqual({ b: 1 })
  })

  test('an exception: the message of JSONata follows', async () => {
    expect((await failed('{% $eval("1") %}')).cause).toBe(
      `${FRAME}The JSONata expression '$eval("1")' specified for the field 'Output' threw an error during evaluation. T1006: Attempted to invoke a non-function`,
    )
  })

  test('the wrong type: expected and found are named', async () => {
    const items = { Only: { Type: 'Map', Items: '{% 1 %}', ItemProcessor: inner(), End: true } }
    const { result } = await run(machine(items))
    expect(result.cause).toBe(
      `${FRAME}The JSONata expression '1' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'number' for value: 1`,
    )
  })

  test('a function', async () => {
    expect((await failed('{% [$sum] %}')).cause).toContain('returned an unsupported result type.')
    expect((await failed('{% {"f": function($x){ $x }} %}')).cause).toContain('returned an unsupported result type.')
  })

  test('a number that JSON cannot write becomes the text for it', async () => {
    expect(await output('{% [1/0, -1/0] %}')).toEqual(['Infinity', '-Infinity'])
  })

  test('the failed evaluation is an event of its own', async () => {
    const { events } = await failed('{% $nobody %}')
    expect(types(events)).toEqual(['ExecutionStarted', 'PassStateEntered', 'EvaluationFailed', 'ExecutionFailed'])
    expect(events[2]).toMatchObject({
      previousEventId: 2,
      evaluationFailedEventDetails: { error: 'States.QueryEvaluationError', location: 'Output', state: 'Only' },
    })
  })
})

test('an expression cannot change the input or a variable of another state', async () => {
  const { result } = await run(
    machine({
      First: { Type: 'Pass', Assign: { list: [3, 1, 2] }, Next: 'Second' },
      Second: { Type: 'Pass', Assign: { sorted: '{% $sort($list) %}' }, Next: 'Third' },
      Third: { Type: 'Pass', Output: ['{% $list %}', '{% $sorted %}'], End: true },
    }),
  )
  expect(result.output).toEqual([
    [3, 1, 2],
    [1, 2, 3],
  ])
})

test('the context has the execution, the machine and the state, and RetryCount only where a state can be retried', async () => {
  const { result } = await run(
    machine({
      Only: { Type: 'Pass', Output: '{% $states.context %}', End: true },
    }),
    { input: { plan: 'p' } },
  )
  expect(result.output).toEqual({
    Execution: {
      Id: 'arn:aws:states:eu-central-1:123456789012:execution:rollback:incident-1',
      Input: { plan: 'p' },
      Name: 'incident-1',
      RoleArn: 'arn:aws:iam::123456789012:role/rollback',
      StartTime: '2026-11-01T00:00:00.000Z',
      RedriveCount: 0,
    },
    StateMachine: { Id: 'arn:aws:states:eu-central-1:123456789012:stateMachine:rollback', Name: 'rollback' },
    State: { Name: 'Only', EnteredTime: '2026-11-01T00:00:00.000Z' },
  })
})

test('a Map has a RetryCount and a Parallel has none', async () => {
  const { result } = await run(
    machine({
      M: {
        Type: 'Map',
        Items: [1],
        ItemProcessor: inner(),
        Output: '{% $states.context.State.RetryCount %}',
        Next: 'P',
      },
      P: {
        Type: 'Parallel',
        Branches: [{ StartAt: 'B', States: { B: { Type: 'Succeed' } } }],
        Output: ['{% $states.input %}', '{% $exists($states.context.State.RetryCount) %}'],
        End: true,
      },
    }),
  )
  expect(result.output).toEqual([0, false])
})

function inner() {
  return { StartAt: 'Inner', States: { Inner: { Type: 'Succeed' } } }
}
