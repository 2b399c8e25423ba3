import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadStateMachine } from '#local/asl/interpret.ts'
import { INVOKE, machine, task, WAIT } from './harness.ts'

const refusal = (states: object, more: object = {}): string => {
  try {
    loadStateMachine(machine(states, more), {})
  } catch (error) {
    return (error as Error).message
  }
  return 'it was accepted'
}

const rollback = readFileSync(new URL('../../../statemachines/rollback.asl.json', import.meta.url), 'utf8')
const names = [...new Set([...rollback.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? ''))]

test("the project's own machine is accepted, with every expression compiled", () => {
  const loaded = loadStateMachine(rollback, Object.fromEntries(names.map((name) => [name, name])))
  expect(Object.keys(loaded.definition.States)).toContain('Contain')
  expect(loaded.expressions.has('$lookup($stepFunctions, $states.input.step.kind)')).toBe(true)
  expect(JSON.stringify(loaded.definition)).not.toMatch(/[$][{]/)
})

test('what is not JSON is said so', () => {
  expect(() => loadStateMachine('{', {})).toThrow('The state machine is not JSON')
})

describe('refuses by state and field', () => {
  const succeed = { Type: 'Succeed' }
  const pass = (more: object) => ({ Only: { Type: 'Pass', End: true, ...more } })
  const map = (more: object) => ({
    Only: { Type: 'Map', Items: [], ItemProcessor: { StartAt: 'In', States: { In: succeed } }, End: true, ...more },
  })
  const distributed = (more: object = {}, config: object = { ExecutionType: 'STANDARD' }) =>
    map({
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ...config },
        StartAt: 'In',
        States: { In: succeed },
      },
      ...more,
    })

  test.each([
    ['an unknown type', { Only: { Type: 'Activity' } }, 'State "Only", field "Type": is not an implemented type'],
    ['an unknown field', pass({ Color: 1 }), 'State "Only", field "Color": is not implemented'],
    ['a field of JSONPath', pass({ ResultPath: '$' }), 'field "ResultPath": is a field of JSONPath'],
    ['a field of another type', pass({ TimeoutSeconds: 1 }), 'field "TimeoutSeconds": is not implemented'],
    ['JSONPath for one state', pass({ QueryLanguage: 'JSONPath' }), 'State "Only", field "QueryLanguage"'],
    [
      'an unknown resource',
      { Only: task('f', { Resource: 'arn:aws:states:::sqs:sendMessage', End: true }) },
      'sqs:send',
    ],
    [
      'an unknown argument',
      { Only: task('f', { Arguments: { FunctionName: 'f', Qualifier: '1' }, End: true }) },
      'Arguments.Qualifier',
    ],
    [
      'a heartbeat without a token',
      { Only: task('f', { HeartbeatSeconds: 5, End: true }) },
      'field "HeartbeatSeconds"',
    ],
    [
      'a time-out that is text',
      { Only: task('f', { TimeoutSeconds: '5', End: true }) },
      'field "TimeoutSeconds": must be a JSONata expression',
    ],
    ['an assignment to $states', pass({ Assign: { states: 1 } }), 'field "Assign.states": "states" is reserved'],
    ['a variable with a hyphen', pass({ Assign: { 'a-b': 1 } }), 'field "Assign.a-b"'],
    ['neither Next nor End', { Only: { Type: 'Pass' }, Then: succeed }, 'State "Only", field "Next": must have one of'],
    ['Next and End', pass({ Next: 'Only' }), 'must have one of Next and End'],
    [
      'a way to nowhere',
      { Only: { Type: 'Pass', Next: 'Gone' } },
      'State "Only", field "Next": there is no state "Gone"',
    ],
    [
      'a catcher to nowhere',
      { Only: task('f', { Catch: [{ ErrorEquals: ['E'], Next: 'Gone' }], End: true }) },
      'field "Catch[0].Next"',
    ],
    ['a state that nobody reaches', { Only: succeed, Lost: succeed }, 'State "Lost": no state leads here'],
    ['a loop without an end', { Only: { Type: 'Pass', Next: 'Only' } }, 'no state ends it'],
    ['Wait for nothing', { Only: { Type: 'Wait', End: true } }, 'must have one of Seconds and Timestamp'],
    [
      'a timestamp without an offset',
      { Only: { Type: 'Wait', Timestamp: '2026-01-01T00:00:00', End: true } },
      'field "Timestamp"',
    ],
    [
      'States.ALL among others',
      { Only: task('f', { Retry: [{ ErrorEquals: ['E', 'States.ALL'] }], End: true }) },
      'Retry[0].ErrorEquals',
    ],
    [
      'States.ALL before others',
      { Only: task('f', { Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['E'] }], End: true }) },
      'Retry[0].ErrorEquals',
    ],
    [
      'a cap below the interval',
      { Only: task('f', { Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 5, MaxDelaySeconds: 5 }], End: true }) },
      'MaxDelaySeconds',
    ],
    [
      'an unknown jitter',
      { Only: task('f', { Retry: [{ ErrorEquals: ['E'], JitterStrategy: 'HALF' }], End: true }) },
      'Retry[0].JitterStrategy',
    ],
    ['ItemBatcher', distributed({ ItemBatcher: { MaxItemsPerBatch: 2 } }), 'field "ItemBatcher"'],
    ['an empty ResultWriter', distributed({ ResultWriter: {} }), 'field "ResultWriter.Resource"'],
    [
      'a form of results',
      distributed({
        ResultWriter: {
          Resource: 'arn:aws:states:::s3:putObject',
          Arguments: { Bucket: 'b', Prefix: 'p' },
          WriterConfig: { OutputType: 'JSONL' },
        },
      }),
      'field "ResultWriter.WriterConfig"',
    ],
    ['EXPRESS children', distributed({}, { ExecutionType: 'EXPRESS' }), 'ItemProcessor.ProcessorConfig.ExecutionType'],
    [
      'a reader of CSV',
      distributed({
        ItemReader: {
          Resource: 'arn:aws:states:::s3:getObject',
          ReaderConfig: { InputType: 'CSV' },
          Arguments: { Bucket: 'b', Key: 'k' },
        },
      }),
      'ItemReader.ReaderConfig.InputType',
    ],
    [
      'a writer of an INLINE Map',
      map({
        ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket: 'b', Prefix: 'p' } },
      }),
      'field "ResultWriter": is implemented only for a DISTRIBUTED Map',
    ],
    ['tolerance of an INLINE Map', map({ ToleratedFailureCount: 1 }), 'field "ToleratedFailureCount"'],
    [
      'a state inside, by its own name',
      map({ ItemProcessor: { StartAt: 'In', States: { In: { Type: 'Pass', End: true, Bad: 1 } } } }),
      'State "In", field "Bad"',
    ],
    [
      'one name twice',
      { Only: { ...map({}).Only, ItemProcessor: { StartAt: 'Only', States: { Only: succeed } } } },
      'two states have this name',
    ],
    [
      'a broken expression',
      pass({ Output: { a: ['{% $x( %}'] } }),
      'State "Only", field "Output.a[0]": the expression "$x(" is refused: S0203',
    ],
    ['a bare name', pass({ Output: '{% phone %}' }), "Reference to 'phone' at the top level is not supported"],
  ])('%s', (_, states, message) => {
    expect(refusal(states)).toContain(message)
  })

  test('a machine that is not JSONata, or has fields of its own', () => {
    expect(refusal({ Only: succeed }, { QueryLanguage: 'JSONPath' })).toContain(
      'The state machine, field "QueryLanguage"',
    )
    expect(refusal({ Only: succeed }, { Colour: 1 })).toContain('The state machine, field "Colour"')
    expect(refusal({ Only: succeed }, { StartAt: 'Gone' })).toContain('field "StartAt": there is no state "Gone" here')
  })

  test('everything that is wrong, at once', () => {
    const both = refusal({ Only: { Type: 'Pass', End: true, A: 1 }, Other: { Type: 'Pass', End: true, B: 1 } })
    expect(both).toContain('State "Only", field "A"')
    expect(both).toContain('State "Other", field "B"')
  })

  test('nothing that is implemented', () => {
    expect(
      refusal({
        Only: {
          Type: 'Task',
          Resource: WAIT,
          Comment: '{% not an expression',
          QueryLanguage: 'JSONata',
          Arguments: { FunctionName: '{% $states.input.name %}', Payload: [] },
          TimeoutSeconds: '{% 10 %}',
          HeartbeatSeconds: 5,
          Retry: [
            {
              ErrorEquals: ['A'],
              IntervalSeconds: 1,
              MaxAttempts: 0,
              BackoffRate: 1.5,
              MaxDelaySeconds: 9,
              JitterStrategy: 'NONE',
            },
          ],
          Catch: [{ ErrorEquals: ['States.ALL'], Assign: { a: 1 }, Output: null, Next: 'End' }],
          End: true,
        },
        End: { Type: 'Fail', Error: 'E', Cause: '{% $a %}' },
      }),
    ).toBe('it was accepted')
    expect(refusal({ Only: { ...task('f'), Resource: INVOKE } })).toBe('it was accepted')
  })
})
