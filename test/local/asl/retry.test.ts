import { describe, expect, test } from 'vitest'
import { LambdaError } from '#local/asl/interpret.ts'
import { RetryBudget } from '#local/asl/retry.ts'
import { StateError } from '#local/asl/state-error.ts'
import { machine, run, task, types } from './harness.ts'

const half = () => 0.5
const delays = (budget: RetryBudget, error: StateError, count: number) =>
  Array.from({ length: count }, () => budget.next(error, half))

describe('the delay', () => {
  const error = new StateError('E')

  test('is 1, 2, 4 seconds and then no more, unless told otherwise', () => {
    expect(delays(new RetryBudget([{ ErrorEquals: ['E'] }]), error, 4)).toEqual([1, 2, 4, null])
  })

  test('grows by the rate up to the cap', () => {
    const retrier = { ErrorEquals: ['E'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 4 }
    expect(delays(new RetryBudget([retrier]), error, 5)).toEqual([2, 6, 10, 10, null])
  })

  test('is drawn between 0 and itself with full jitter', () => {
    const retrier = { ErrorEquals: ['E'], IntervalSeconds: 2, JitterStrategy: 'FULL' as const }
    expect(delays(new RetryBudget([retrier]), error, 2)).toEqual([1, 2])
  })
})

describe('which retrier', () => {
  test('each counts its own retries', () => {
    const budget = new RetryBudget([
      { ErrorEquals: ['A', 'B'], MaxAttempts: 2 },
      { ErrorEquals: ['C'], IntervalSeconds: 5 },
    ])
    const next = (name: string) => budget.next(new StateError(name), half)
    expect(['A', 'B', 'C', 'B'].map(next)).toEqual([1, 2, 5, null])
  })

  test('the first that matches decides, though a later one has retries left', () => {
    const budget = new RetryBudget([{ ErrorEquals: ['A'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }])
    expect(budget.next(new StateError('A'), half)).toBeNull()
    expect(budget.next(new StateError('B'), half)).toBe(1)
  })

  test.each([
    ['Postgres.Unreachable', ['States.ALL', 'States.TaskFailed', 'Postgres.Unreachable']],
    ['States.Timeout', ['States.ALL', 'States.Timeout']],
    ['States.QueryEvaluationError', ['States.ALL', 'States.QueryEvaluationError']],
    ['States.DataLimitExceeded', ['States.DataLimitExceeded']],
    ['States.Runtime', ['States.Runtime']],
  ])('%s is retried by %j and by nothing else', (name, by) => {
    const all = ['States.ALL', 'States.TaskFailed', 'Postgres.Unreachable', ...new Set([name, 'States.Timeout'])]
    const matching = [...new Set([...all, ...by])].filter(
      (entry) => new RetryBudget([{ ErrorEquals: [entry] }]).next(new StateError(name), half) !== null,
    )
    expect(matching.toSorted()).toEqual(by.toSorted())
  })
})

describe('a task that is retried', () => {
  const failing = (times: number) => {
    const payloads: unknown[] = []
    const functions = {
      f: (payload: unknown) => {
        payloads.push(payload)
        if (payloads.length <= times) throw new LambdaError('Postgres.Unreachable', 'no route')
        return 'done'
      },
    }
    return { payloads, functions }
  }
  const text = machine({
    Only: task('f', {
      Arguments: {
        FunctionName: 'f',
        Payload: { count: '{% $states.context.State.RetryCount %}', at: '{% $now() %}' },
      },
      Retry: [{ ErrorEquals: ['Postgres.Unreachable'], MaxAttempts: 2, IntervalSeconds: 10, BackoffRate: 2 }],
      Output: '{% $states.context.State.RetryCount %}',
      End: true,
    }),
  })

  test('evaluates its arguments again each time, and counts', async () => {
    const { payloads, functions } = failing(2)
    const { result, seconds } = await run(text, { functions })
    expect(result).toEqual({ status: 'SUCCEEDED', output: 2 })
    expect(payloads).toEqual([
      { count: 0, at: '2026-11-01T00:00:00.000Z' },
      { count: 1, at: '2026-11-01T00:00:10.000Z' },
      { count: 2, at: '2026-11-01T00:00:30.000Z' },
    ])
    expect(seconds).toBe(30)
  })

  test('is called once more than MaxAttempts, and then fails with the last error', async () => {
    const { payloads, functions } = failing(9)
    const { result, events } = await run(text, { functions })
    expect(payloads).toHaveLength(3)
    expect(result).toMatchObject({ status: 'FAILED', error: 'Postgres.Unreachable' })
    expect(types(events).filter((type) => type === 'TaskScheduled' || type === 'TaskFailed')).toHaveLength(6)
  })

  test('is not retried for another error', async () => {
    const { result, seconds } = await run(text, {
      functions: {
        f: () => {
          throw new LambdaError('Restore.SchemaDrift', 'differs')
        },
      },
    })
    expect(result.error).toBe('Restore.SchemaDrift')
    expect(seconds).toBe(0)
  })
})

test('a failed expression of a task is retried like any failure', async () => {
  let calls = 0
  const { result } = await run(
    machine({
      Only: task('f', {
        Output: '{% $states.result.Payload.ready %}',
        Retry: [{ ErrorEquals: ['States.QueryEvaluationError'] }],
        End: true,
      }),
    }),
    { functions: { f: () => (++calls < 3 ? {} : { ready: true }) } },
  )
  expect(result.output).toBe(true)
  expect(calls).toBe(3)
})

test('a Fail inside a Map or Parallel is retried at the Map or Parallel, with the inner error verbatim', async () => {
  let calls = 0
  const inner = {
    StartAt: 'Ask',
    States: {
      Ask: task('f', { Next: 'Good?' }),
      'Good?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $states.input.Payload %}', Next: 'Good' }],
        Default: 'Bad',
      },
      Good: { Type: 'Succeed', Output: 'good' },
      Bad: { Type: 'Fail', Error: 'Inner.Bad', Cause: 'as it was' },
    },
  }
  const Retry = [{ ErrorEquals: ['Inner.Bad'], MaxAttempts: 1 }]
  const functions = { f: () => ++calls % 2 === 0 }
  const map = await run(machine({ M: { Type: 'Map', Items: [1], ItemProcessor: inner, Retry, End: true } }), {
    functions,
  })
  expect(map.result).toEqual({ status: 'SUCCEEDED', output: ['good'] })
  const parallel = await run(machine({ P: { Type: 'Parallel', Branches: [inner], Retry, End: true } }), { functions })
  expect(parallel.result).toEqual({ status: 'SUCCEEDED', output: ['good'] })
  const spent = await run(machine({ M: { Type: 'Map', Items: [1, 2], ItemProcessor: inner, End: true } }), {
    functions: { f: () => false },
  })
  expect(spent.result).toEqual({ status: 'FAILED', error: 'Inner.Bad', cause: 'as it was' })
})
