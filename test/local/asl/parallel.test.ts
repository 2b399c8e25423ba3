import { describe, expect, test } from 'vitest'
import { LambdaError } from '#local/asl/interpret.ts'
import { type Call, machine, run, task, types } from './harness.ts'

const branch = (states: object) => ({ StartAt: Object.keys(states)[0], States: states })

describe('a Parallel', () => {
  test('gives the outputs in the order of its branches, not of their end', async () => {
    const slow = branch({ Slow: { Type: 'Wait', Seconds: 9, Next: 'A' }, A: { Type: 'Succeed', Output: 'a' } })
    const fast = branch({ B: { Type: 'Succeed', Output: 'b' } })
    const { result, seconds } = await run(machine({ P: { Type: 'Parallel', Branches: [slow, fast], End: true } }))
    expect(result.output).toEqual(['a', 'b'])
    expect(seconds).toBe(9)
  })

  test('gives every branch its Arguments, or its input', async () => {
    const echo = branch({ E: { Type: 'Succeed' } })
    const text = (more: object) => machine({ P: { Type: 'Parallel', Branches: [echo], ...more, End: true } })
    expect((await run(text({}), { input: 1 })).result.output).toEqual([1])
    expect((await run(text({ Arguments: { x: '{% $states.input %}' } }), { input: 1 })).result.output).toEqual([
      { x: 1 },
    ])
  })

  test('lets branches read the outer variables, and keeps what they assign inside', async () => {
    const reads = branch({
      R: { Type: 'Pass', Assign: { x: '{% $x & " in" %}' }, Next: 'S' },
      S: { Type: 'Succeed', Output: '{% $x %}' },
    })
    const other = branch({ O: { Type: 'Wait', Seconds: 5, Next: 'T' }, T: { Type: 'Succeed', Output: '{% $x %}' } })
    const { result } = await run(
      machine({
        Before: { Type: 'Pass', Assign: { x: 'out' }, Next: 'P' },
        P: {
          Type: 'Parallel',
          Branches: [reads, other],
          Assign: { all: '{% $states.result %}' },
          Next: 'After',
        },
        After: { Type: 'Succeed', Output: ['{% $all %}', '{% $x %}'] },
      }),
    )
    expect(result.output).toEqual([['out in', 'out'], 'out'])
  })
})

describe('when a branch fails', () => {
  test('the others are given up at once, their functions are told, and the history says so', async () => {
    const told: string[] = []
    const functions = {
      long: (_: unknown, { clock, signal }: Call) => {
        signal.addEventListener('abort', () => told.push('long'))
        return clock.sleep(600_000, signal)
      },
      failing: async (_: unknown, { clock }: Call) => {
        await clock.sleep(2000)
        throw new LambdaError('Notify.Failed', 'no')
      },
    }
    const { result, events, seconds, clock } = await run(
      machine({
        P: {
          Type: 'Parallel',
          Branches: [
            branch({ Long: task('long') }),
            branch({ Failing: task('failing') }),
            branch({ Waiting: { Type: 'Wait', Seconds: 300, End: true } }),
            branch({ Done: { Type: 'Succeed' } }),
          ],
          End: true,
        },
      }),
      { functions },
    )
    expect(result).toMatchObject({ status: 'FAILED', error: 'Notify.Failed' })
    expect(seconds).toBe(2)
    expect(told).toEqual(['long'])
    expect(clock.pending).toBe(0)
    const failed = events.find(({ type }) => type === 'TaskFailed')
    const end = events.slice(-5)
    expect(types(end)).toEqual([
      'TaskStateAborted',
      'TaskStateAborted',
      'WaitStateAborted',
      'ParallelStateFailed',
      'ExecutionFailed',
    ])
    expect(end.slice(0, 4).map(({ previousEventId }) => previousEventId)).toEqual(Array(4).fill(failed?.id))
    expect(end[4]?.previousEventId).toBe(end[3]?.id)
  })

  test('an inner Parallel or Map is given up with all that is in it', async () => {
    const inner = branch({ Wait: { Type: 'Wait', Seconds: 100, End: true } })
    const { result, events, seconds, clock } = await run(
      machine({
        P: {
          Type: 'Parallel',
          Branches: [
            branch({ Deep: { Type: 'Parallel', Branches: [inner], End: true } }),
            branch({
              Each: {
                Type: 'Map',
                Items: [1, 2],
                ItemProcessor: branch({ Pause: { Type: 'Wait', Seconds: 100, End: true } }),
                End: true,
              },
            }),
            branch({ Soon: { Type: 'Wait', Seconds: 1, Next: 'Out' }, Out: { Type: 'Fail', Error: 'E' } }),
          ],
          End: true,
        },
      }),
    )
    expect(result).toEqual({ status: 'FAILED', error: 'E' })
    expect(seconds).toBe(1)
    expect(clock.pending).toBe(0)
    expect(types(events)).toEqual(expect.arrayContaining(['ParallelStateAborted', 'MapStateAborted']))
  })

  test('the state can be caught and the machine goes on', async () => {
    const { result } = await run(
      machine({
        P: {
          Type: 'Parallel',
          Branches: [branch({ F: { Type: 'Fail', Error: 'E', Cause: 'c' } })],
          Catch: [{ ErrorEquals: ['E'], Output: '{% $states.errorOutput %}', Next: 'After' }],
          Next: 'After',
        },
        After: { Type: 'Succeed' },
      }),
    )
    expect(result.output).toEqual({ Error: 'E', Cause: 'c' })
  })
})
