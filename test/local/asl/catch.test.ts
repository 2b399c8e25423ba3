import { describe, expect, test } from 'vitest'
import { LambdaError } from '#local/asl/interpret.ts'
import { machine, run, task, types } from './harness.ts'

const boom = () => {
  throw new LambdaError('Snapshot.Incomplete', 'part 3 is missing', ['Error: part 3', '    at f'])
}
const CAUSE =
  '{"errorType":"Snapshot.Incomplete","errorMessage":"part 3 is missing","trace":["Error: part 3","    at f"]}'

const caught = (catchers: object[], more: object = {}, functions: object = { f: boom }) =>
  run(
    machine({
      Before: { Type: 'Pass', Assign: { x: 'before' }, Next: 'Only' },
      Only: task('f', {
        Assign: { x: 'of the state' },
        Output: 'of the state',
        Catch: catchers,
        Next: 'Show',
        ...more,
      }),
      Show: { Type: 'Succeed', Output: '{% {"in": $states.input, "x": $x} %}' },
    }),
    { input: { plan: 'p' }, functions: functions as never },
  )

describe('a catcher', () => {
  test('gives {Error, Cause} on when it has no Output; the Assign and Output of the state do not run', async () => {
    const { result, events } = await caught([{ ErrorEquals: ['States.ALL'], Next: 'Show' }])
    expect(result.output).toEqual({ in: { Error: 'Snapshot.Incomplete', Cause: CAUSE }, x: 'before' })
    expect(types(events)).toContain('TaskStateExited')
  })

  test('sees the input and the error, and the variables as they were before', async () => {
    const { result } = await caught([
      {
        ErrorEquals: ['Snapshot.Incomplete'],
        Assign: { x: '{% [$x, $states.errorOutput.Error] %}' },
        Output: ['{% $states.input.plan %}', '{% $states.errorOutput.Cause %}', '{% $x %}'],
        Next: 'Show',
      },
    ])
    expect(result.output).toEqual({ in: ['p', CAUSE, 'before'], x: ['before', 'Snapshot.Incomplete'] })
  })

  test('is the first that names the error', async () => {
    const { result } = await caught([
      { ErrorEquals: ['Other'], Next: 'Show', Output: 1 },
      { ErrorEquals: ['Another', 'Snapshot.Incomplete'], Next: 'Show', Output: 2 },
      { ErrorEquals: ['States.ALL'], Next: 'Show', Output: 3 },
    ])
    expect(result.output).toMatchObject({ in: 2 })
  })

  test('that fails itself fails the state, and no other catcher sees it', async () => {
    const { result } = await caught([
      { ErrorEquals: ['Snapshot.Incomplete'], Next: 'Show', Output: { v: '{% $nobody %}' } },
      { ErrorEquals: ['States.ALL'], Next: 'Show' },
    ])
    expect(result.error).toBe('States.QueryEvaluationError')
    expect(result.cause).toContain("the field 'Catch[0]/Output/v'")
  })

  test('comes after the retries', async () => {
    let calls = 0
    const f = () => {
      calls += 1
      return boom()
    }
    const Retry = [{ ErrorEquals: ['States.ALL'], MaxAttempts: 2 }]
    await caught([{ ErrorEquals: ['States.ALL'], Next: 'Show' }], { Retry }, { f })
    expect(calls).toBe(3)
  })
})

describe('what is caught', () => {
  test('a failed expression in the arguments, the Assign or the Output', async () => {
    for (const more of [
      { Arguments: { FunctionName: 'f', Payload: '{% $nobody %}' } },
      { Assign: { x: '{% $nobody %}' } },
      { Output: '{% $nobody %}' },
    ]) {
      const { result } = await caught([{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Show' }], more, {
        f: () => 1,
      })
      expect(result.output).toMatchObject({ in: { Error: 'States.QueryEvaluationError' }, x: 'before' })
    }
  })

  test('a result over 256 KiB, by States.ALL too, as recorded on AWS', async () => {
    const f = () => 'x'.repeat(256 * 1024)
    const { result } = await caught([{ ErrorEquals: ['States.ALL'], Next: 'Show' }], {}, { f })
    expect(result.output).toMatchObject({
      in: {
        Error: 'States.DataLimitExceeded',
        Cause:
          "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
      },
    })
  })

  test('not States.Runtime by States.ALL', async () => {
    const branch = {
      StartAt: 'Which',
      States: {
        Which: { Type: 'Choice', Choices: [{ Condition: false, Next: 'Done' }] },
        Done: { Type: 'Succeed' },
      },
    }
    const { result } = await run(
      machine({
        P: {
          Type: 'Parallel',
          Branches: [branch],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Then' }],
          Next: 'Then',
        },
        Then: { Type: 'Succeed' },
      }),
    )
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' })
  })

  test('a failed branch, with its error verbatim; a Fail without error or cause is caught with empty texts', async () => {
    const failing = (fail: object) => ({ StartAt: 'F', States: { F: { Type: 'Fail', ...fail } } })
    const outcome = async (fail: object) =>
      (
        await run(
          machine({
            P: {
              Type: 'Parallel',
              Branches: [failing(fail)],
              Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Then' }],
              Next: 'Then',
            },
            Then: { Type: 'Succeed' },
          }),
        )
      ).result.output
    expect(await outcome({ Error: 'A.B', Cause: 'because' })).toEqual({ Error: 'A.B', Cause: 'because' })
    expect(await outcome({})).toEqual({ Error: '', Cause: '' })
  })
})
