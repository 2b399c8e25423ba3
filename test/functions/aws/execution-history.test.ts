import type { HistoryEvent } from '@aws-sdk/client-sfn'
import { describe, expect, test } from 'vitest'
import { visitedStates } from '#aws/execution-history.ts'
import { LambdaError } from '#local/asl/interpret.ts'
import { type Call, machine, type Options, run, task } from '#test/local/asl/harness.ts'

/** The states that a machine went through, by the interpreter's own events. */
const visited = async (states: object, options: Options = {}) => {
  const { events } = await run(machine(states), options)
  return visitedStates(events as readonly HistoryEvent[])
}

const failing = () => {
  throw new LambdaError('Postgres.LockNotAvailable', 'public.embeddings is locked')
}
const takes =
  (seconds: number) =>
  async (_: unknown, { clock }: Call) => {
    await clock.sleep(seconds * 1_000)
    return 'done'
  }
const CATCH = [{ ErrorEquals: ['States.ALL'], Next: 'After' }]
const AFTER = { After: { Type: 'Pass', End: true } }
const processor = (states: object) => ({ StartAt: Object.keys(states)[0], States: states })

describe('states one after the other', () => {
  test('have start, length and end', async () => {
    const states = await visited(
      {
        Contain: task('f', { Next: 'Pause' }),
        Pause: { Type: 'Wait', Seconds: 5, Next: 'Done' },
        Done: { Type: 'Succeed' },
      },
      { functions: { f: takes(2) } },
    )
    expect(states).toEqual([
      {
        name: 'Contain',
        startedAt: '2026-11-01T00:00:00.000Z',
        ms: 2_000,
        attempts: 1,
        status: 'succeeded',
        error: null,
      },
      {
        name: 'Pause',
        startedAt: '2026-11-01T00:00:02.000Z',
        ms: 5_000,
        attempts: 1,
        status: 'succeeded',
        error: null,
      },
      { name: 'Done', startedAt: '2026-11-01T00:00:07.000Z', ms: 0, attempts: 1, status: 'succeeded', error: null },
    ])
  })

  test('count the attempts of a task that was retried, and forget its errors when it succeeded', async () => {
    let calls = 0
    const flaky = () => (++calls < 3 ? failing() : 'done')
    const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, BackoffRate: 1 }]
    const [retire] = await visited({ Retire: task('f', { Retry, End: true }) }, { functions: { f: flaky } })
    expect(retire).toMatchObject({ attempts: 3, ms: 20_000, status: 'succeeded', error: null })
  })

  test('show a failure that was caught as one', async () => {
    const states = await visited(
      { Retire: task('f', { Catch: CATCH, End: true }), ...AFTER },
      { functions: { f: failing } },
    )
    expect(states).toMatchObject([
      { name: 'Retire', status: 'failed', error: 'Postgres.LockNotAvailable' },
      { name: 'After', status: 'succeeded' },
    ])
  })

  test('show a failure that nobody caught, with its length', async () => {
    const slow = async (input: unknown, call: Call) => {
      await takes(3)(input, call)
      failing()
    }
    const states = await visited({ Retire: task('f') }, { functions: { f: slow } })
    expect(states).toMatchObject([{ ms: 3_000, status: 'failed', error: 'Postgres.LockNotAvailable' }])
  })

  test('show a Fail state with the error it gives, and one without an error too', async () => {
    expect(await visited({ Stop: { Type: 'Fail', Error: 'HandedOver' } })).toMatchObject([
      { name: 'Stop', ms: 0, status: 'failed', error: 'HandedOver' },
    ])
    expect(await visited({ Stop: { Type: 'Fail' } })).toMatchObject([{ status: 'failed', error: null }])
  })

  test('show an expression that failed', async () => {
    const states = await visited({ Only: { Type: 'Pass', Output: '{% $states.input.nope %}', End: true } })
    expect(states).toMatchObject([{ status: 'failed', error: 'States.QueryEvaluationError' }])
  })

  test('show a state that is visited again as often as it was', async () => {
    const states = await visited(
      {
        Ask: { Type: 'Pass', Output: '{% $states.input.left - 1 %}', Next: 'Again?' },
        'Again?': {
          Type: 'Choice',
          Choices: [{ Condition: '{% $states.input > 0 %}', Output: { left: '{% $states.input %}' }, Next: 'Ask' }],
          Default: 'Done',
        },
        Done: { Type: 'Succeed' },
      },
      { input: { left: 2 } },
    )
    expect(states.map(({ name }) => name)).toEqual(['Ask', 'Again?', 'Ask', 'Again?', 'Done'])
  })

  test('are running while they have not ended', async () => {
    const { events } = await run(machine({ Contain: task('f', { Next: 'Done' }), Done: { Type: 'Succeed' } }), {
      functions: { f: takes(1) },
    })
    const until = events.findIndex(({ type }) => type === 'TaskSucceeded')
    expect(visitedStates(events.slice(0, until) as HistoryEvent[])).toEqual([
      { name: 'Contain', startedAt: '2026-11-01T00:00:00.000Z', ms: null, attempts: 1, status: 'running', error: null },
    ])
  })

  test('end with the execution when it is stopped', async () => {
    const stop: Options['stop'] = (clock, abort) => {
      clock.sleep(4_000).then(() => abort())
    }
    expect(await visited({ Watch: { Type: 'Wait', Seconds: 60, End: true } }, { stop })).toMatchObject([
      { name: 'Watch', ms: 4_000, status: 'failed', error: 'Aborted' },
    ])
  })
})

describe('states inside of others', () => {
  test('of a Map are one entry per name: first start, last end, all attempts', async () => {
    let calls = 0
    const flaky = async (item: number, call: Call) => {
      if (++calls === 1) failing()
      return takes(item)(item, call)
    }
    const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1 }]
    const steps = {
      Type: 'Map',
      Items: [1, 2, 3],
      MaxConcurrency: 1,
      ItemProcessor: processor({
        'Run step': task('f', { Retry, Next: 'Next step' }),
        'Next step': { Type: 'Succeed' },
      }),
      End: true,
    }
    const states = await visited(
      { Before: { Type: 'Wait', Seconds: 1, Next: 'Steps' }, Steps: steps },
      { functions: { f: flaky } },
    )
    expect(states).toEqual([
      {
        name: 'Before',
        startedAt: '2026-11-01T00:00:00.000Z',
        ms: 1_000,
        attempts: 1,
        status: 'succeeded',
        error: null,
      },
      {
        name: 'Steps',
        startedAt: '2026-11-01T00:00:01.000Z',
        ms: 7_000,
        attempts: 1,
        status: 'succeeded',
        error: null,
      },
      {
        name: 'Run step',
        startedAt: '2026-11-01T00:00:01.000Z',
        ms: 7_000,
        attempts: 4,
        status: 'succeeded',
        error: null,
      },
      {
        name: 'Next step',
        startedAt: '2026-11-01T00:00:03.000Z',
        ms: 5_000,
        attempts: 3,
        status: 'succeeded',
        error: null,
      },
    ])
  })

  test('of a Map that failed and was caught have failed, and so has the Map, with the same error', async () => {
    const steps = {
      Type: 'Map',
      Items: [1, 2],
      ItemProcessor: processor({ 'Run step': task('f') }),
      Catch: CATCH,
      End: true,
    }
    const f = (item: number, call: Call) => (item === 2 ? failing() : takes(9)(item, call))
    expect(await visited({ Steps: steps, ...AFTER }, { functions: { f } })).toMatchObject([
      { name: 'Steps', status: 'failed', error: 'Postgres.LockNotAvailable' },
      { name: 'Run step', status: 'failed', error: 'Postgres.LockNotAvailable', attempts: 2 },
      { name: 'After', status: 'succeeded', error: null },
    ])
  })

  test('of a Map that is visited twice are told apart', async () => {
    const each = {
      Type: 'Map',
      Items: [1, 2],
      ItemProcessor: processor({ Part: { Type: 'Succeed' } }),
      Output: '{% $states.input + 1 %}',
      Next: 'Again?',
    }
    const again = {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input < 2 %}', Next: 'Each' }],
      Default: 'Done',
    }
    const states = await visited({ Each: each, 'Again?': again, Done: { Type: 'Succeed' } }, { input: 0 })
    expect(states.map(({ name, attempts }) => [name, attempts])).toEqual([
      ['Each', 1],
      ['Part', 2],
      ['Again?', 1],
      ['Each', 1],
      ['Part', 2],
      ['Again?', 1],
      ['Done', 1],
    ])
  })

  test('of a Parallel are entries of their own, though their events interleave', async () => {
    const both = {
      Type: 'Parallel',
      Branches: [processor({ Tell: task('slow') }), processor({ Record: task('quick') })],
      End: true,
    }
    const functions = { slow: takes(5), quick: takes(1) }
    expect(await visited({ Both: both }, { functions })).toMatchObject([
      { name: 'Both', ms: 5_000, status: 'succeeded' },
      { name: 'Tell', ms: 5_000, status: 'succeeded' },
      { name: 'Record', ms: 1_000, status: 'succeeded' },
    ])
  })

  test('of a Parallel whose branch loops are one entry', async () => {
    const loop = processor({
      Ask: { Type: 'Pass', Output: '{% $states.input - 1 %}', Next: 'Again?' },
      'Again?': { Type: 'Choice', Choices: [{ Condition: '{% $states.input > 0 %}', Next: 'Ask' }], Default: 'Enough' },
      Enough: { Type: 'Succeed' },
    })
    const states = await visited({ Both: { Type: 'Parallel', Branches: [loop], End: true } }, { input: 3 })
    expect(states.map(({ name, attempts }) => [name, attempts])).toEqual([
      ['Both', 1],
      ['Ask', 3],
      ['Again?', 3],
      ['Enough', 1],
    ])
  })

  test.each(['Map', 'Parallel'])('of a %s that was retried with success have succeeded', async (Type) => {
    let calls = 0
    const f = () => (++calls === 1 ? failing() : 'done')
    const inside = processor({ 'Run step': task('f') })
    const around = {
      Type,
      ...(Type === 'Map' ? { Items: [1], ItemProcessor: inside } : { Branches: [inside] }),
      Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 4 }],
      End: true,
    }
    expect(await visited({ Around: around }, { functions: { f } })).toMatchObject([
      { name: 'Around', status: 'succeeded', attempts: 2, ms: 4_000, error: null },
      { name: 'Run step', status: 'succeeded', attempts: 2, ms: 4_000, error: null },
    ])
  })

  test('of a Parallel that failed take down what surrounds them, level by level', async () => {
    const inner = {
      Type: 'Parallel',
      Branches: [processor({ Fails: task('f') }), processor({ Slow: task('slow') })],
      End: true,
    }
    const outer = { Type: 'Parallel', Branches: [processor({ Inner: inner })], Catch: CATCH, End: true }
    const functions = { f: failing, slow: takes(60) }
    expect(await visited({ Outer: outer, ...AFTER }, { functions })).toMatchObject([
      { name: 'Outer', status: 'failed', error: 'Postgres.LockNotAvailable' },
      { name: 'Inner', status: 'failed', error: 'Postgres.LockNotAvailable' },
      { name: 'Fails', status: 'failed', error: 'Postgres.LockNotAvailable' },
      { name: 'Slow', status: 'failed', ms: 0 },
      { name: 'After', status: 'succeeded' },
    ])
  })

  test('of a distributed Map are not there: the Map is, with its error', async () => {
    const parts = {
      Type: 'Map',
      Items: [1],
      Label: 'Parts',
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        ...processor({ Part: task('f') }),
      },
      Catch: CATCH,
      End: true,
    }
    expect(await visited({ Parts: parts, ...AFTER }, { functions: { f: failing } })).toMatchObject([
      { name: 'Parts', status: 'failed', error: 'States.ExceedToleratedFailureThreshold' },
      { name: 'After', status: 'succeeded' },
    ])
  })
})
