import { describe, expect, test } from 'vitest'
import { type Call, machine, run, task, types } from './harness.ts'

const processor = (states: object, config: object = {}) => ({
  ...config,
  StartAt: Object.keys(states)[0],
  States: states,
})
const echo = processor({ Echo: { Type: 'Succeed' } })
const map = (more: object) => machine({ Each: { Type: 'Map', ItemProcessor: echo, End: true, ...more } })

describe('the items', () => {
  test('are those of Items, or the input', async () => {
    expect((await run(map({ Items: [1, '{% 1 + 1 %}'] }))).result.output).toEqual([1, 2])
    expect((await run(map({ Items: '{% $states.input.a %}' }), { input: { a: [3] } })).result.output).toEqual([3])
    expect((await run(map({}), { input: [4, 5] })).result.output).toEqual([4, 5])
    expect((await run(map({ Items: [] }))).result.output).toEqual([])
  })

  test('must be an array, in the input too', async () => {
    expect((await run(map({}), { input: { a: 1 } })).result).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining(`Expected 'array', but was 'object' for value: {"a":1}`),
    })
  })

  test('are made into inputs by the ItemSelector, which sees index, value, input and variables', async () => {
    const { result } = await run(
      machine({
        Before: { Type: 'Pass', Assign: { run: 'r' }, Next: 'Each' },
        Each: {
          Type: 'Map',
          Items: '{% $states.input.list %}',
          ItemSelector: {
            i: '{% $states.context.Map.Item.Index %}',
            v: '{% $states.context.Map.Item.Value %}',
            n: '{% $count($states.input.list) %}',
            run: '{% $run %}',
          },
          ItemProcessor: echo,
          End: true,
        },
      }),
      { input: { list: ['a', null] } },
    )
    expect(result.output).toEqual([
      { i: 0, v: 'a', n: 2, run: 'r' },
      { i: 1, v: null, n: 2, run: 'r' },
    ])
  })
})

describe('the iterations', () => {
  const busy = () => {
    let now = 0
    const seen: { most: number; order: number[] } = { most: 0, order: [] }
    const f = async (item: number, { clock }: Call) => {
      now += 1
      seen.most = Math.max(seen.most, now)
      seen.order.push(item)
      await clock.sleep((10 - item) * 1000)
      now -= 1
      return item * 10
    }
    return { seen, functions: { f } }
  }
  const work = { ItemProcessor: processor({ Work: task('f', { Output: '{% $states.result.Payload %}', End: true }) }) }

  test('give results in the order of the items, whatever the order of their end', async () => {
    const { seen, functions } = busy()
    const { result, seconds } = await run(map({ ...work, Items: [1, 2, 3] }), { functions })
    expect(result.output).toEqual([10, 20, 30])
    expect(seen.most).toBe(3)
    expect(seconds).toBe(9)
  })

  test.each([
    ['1', 1, 9 + 8 + 7],
    ['an expression', '{% 4 - 2 %}', 8 + 7],
  ])('are no more at a time than MaxConcurrency: %s', async (_, MaxConcurrency, seconds) => {
    const { seen, functions } = busy()
    const ran = await run(map({ ...work, Items: [1, 2, 3], MaxConcurrency }), { functions })
    expect(seen.most).toBe(MaxConcurrency === 1 ? 1 : 2)
    expect(seen.order).toEqual([1, 2, 3])
    expect(ran.seconds).toBe(seconds)
  })

  test('are at most 40 at a time when there is no limit', async () => {
    const { seen, functions } = busy()
    await run(map({ ...work, Items: '{% [1..60].(1) %}' }), { functions })
    expect(seen.most).toBe(40)
  })

  test('read the outer variables, and what they assign is their own', async () => {
    const { result } = await run(
      machine({
        Before: { Type: 'Pass', Assign: { x: 'out' }, Next: 'Each' },
        Each: {
          Type: 'Map',
          Items: [1, 2],
          MaxConcurrency: 1,
          ItemProcessor: processor({
            Set: { Type: 'Pass', Output: '{% $x %}', Assign: { x: '{% $x & "+" %}' }, Next: 'Get' },
            Get: { Type: 'Succeed', Output: ['{% $states.input %}', '{% $x %}'] },
          }),
          Next: 'After',
        },
        After: { Type: 'Succeed', Output: ['{% $states.input %}', '{% $x %}'] },
      }),
    )
    expect(result.output).toEqual([
      [
        ['out', 'out+'],
        ['out', 'out+'],
      ],
      'out',
    ])
  })
})

describe('the history', () => {
  test('of one iteration after the other is chained as on AWS', async () => {
    const { events } = await run(map({ Items: [7, 8], MaxConcurrency: 1 }))
    expect(events.map(({ id, previousEventId, type }) => [id, previousEventId, type])).toEqual([
      [1, 0, 'ExecutionStarted'],
      [2, 0, 'MapStateEntered'],
      [3, 2, 'MapStateStarted'],
      [4, 3, 'MapIterationStarted'],
      [5, 4, 'SucceedStateEntered'],
      [6, 5, 'SucceedStateExited'],
      [7, 6, 'MapIterationSucceeded'],
      [8, 6, 'MapIterationStarted'],
      [9, 8, 'SucceedStateEntered'],
      [10, 9, 'SucceedStateExited'],
      [11, 10, 'MapIterationSucceeded'],
      [12, 11, 'MapStateSucceeded'],
      [13, 11, 'MapStateExited'],
      [14, 13, 'ExecutionSucceeded'],
    ])
    expect(events[2]?.mapStateStartedEventDetails).toEqual({ length: 2 })
    expect(events[3]?.mapIterationStartedEventDetails).toEqual({ name: 'Each', index: 0 })
  })

  test('of a failure names the iteration that failed and those that were given up', async () => {
    const slow = processor({ Slow: task('slow', { TimeoutSeconds: '{% $states.input %}', End: true }) })
    const { result, events, clock } = await run(map({ Items: [9, 5, 9], ItemProcessor: slow }), {
      functions: { slow: (_: unknown, call: Call) => call.clock.sleep(60_000, call.signal) },
    })
    expect(result).toEqual({ status: 'FAILED', error: 'States.Timeout' })
    expect(clock.pending).toBe(0)
    const failed = events.find(({ type }) => type === 'TaskTimedOut')
    const end = events.slice(-8)
    expect(types(end)).toEqual([
      'MapIterationFailed',
      'MapIterationAborted',
      'TaskStateAborted',
      'TaskStateAborted',
      'MapIterationAborted',
      'TaskStateAborted',
      'MapStateFailed',
      'ExecutionFailed',
    ])
    expect(end[0]?.mapIterationFailedEventDetails).toEqual({ name: 'Each', index: 1 })
    expect(end.slice(0, 7).every(({ previousEventId }) => previousEventId === failed?.id)).toBe(true)
  })
})

test('a failure stops what has not begun, and fails the Map with the inner error', async () => {
  const begun: number[] = []
  const f = (item: number) => {
    begun.push(item)
    if (item === 2) throw new RangeError('two')
    return item
  }
  const { result, events } = await run(
    map({ Items: [1, 2, 3, 4], MaxConcurrency: 1, ItemProcessor: processor({ F: task('f') }) }),
    { functions: { f } },
  )
  expect(result).toMatchObject({ status: 'FAILED', error: 'RangeError' })
  expect(begun).toEqual([1, 2])
  expect(types(events).filter((type) => type === 'MapIterationStarted')).toHaveLength(2)
})

test('a selector that fails is a failure of the Map, recorded once, and can be caught there', async () => {
  const { result, events } = await run(
    machine({
      Each: {
        Type: 'Map',
        Items: [1],
        ItemSelector: { x: '{% $nobody %}' },
        ItemProcessor: echo,
        Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.errorOutput.Cause %}', Next: 'After' }],
        Next: 'After',
      },
      After: { Type: 'Succeed' },
    }),
  )
  expect(result.output).toContain("the field 'ItemSelector/x' returned nothing")
  expect(types(events).filter((type) => type === 'EvaluationFailed')).toHaveLength(1)
})

test('a failed expression inside an iteration is recorded once, at its own state', async () => {
  const inner = processor({ Bad: { Type: 'Pass', Output: '{% $nobody %}', End: true } })
  const { result, events } = await run(map({ Items: [1], ItemProcessor: inner }))
  expect(result.error).toBe('States.QueryEvaluationError')
  expect(result.cause).toContain("the state 'Bad' (entered at the event id #5)")
  const recorded = events.filter(({ type }) => type === 'EvaluationFailed')
  expect(recorded.map((event) => event.evaluationFailedEventDetails?.state)).toEqual(['Bad'])
})

test('a Fail inside is caught at the Map, with its error verbatim', async () => {
  const inner = processor({ Bad: { Type: 'Fail', Error: 'Inner.Bad', Cause: 'as it was' } })
  const { result } = await run(
    machine({
      Each: {
        Type: 'Map',
        Items: [1],
        ItemProcessor: inner,
        Catch: [{ ErrorEquals: ['Inner.Bad'], Next: 'After' }],
        Next: 'After',
      },
      After: { Type: 'Succeed' },
    }),
  )
  expect(result.output).toEqual({ Error: 'Inner.Bad', Cause: 'as it was' })
})
