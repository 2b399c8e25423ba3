import { describe, expect, test } from 'vitest'
import { LambdaError, StopRequest } from '#local/asl/interpret.ts'
import { ARN, type Call, type Functions, machine, type Options, run, task, types } from './harness.ts'

const distributed = (states: object, more: object = {}) =>
  machine({
    Before: { Type: 'Pass', Assign: { outer: 'secret' }, Next: 'Parts' },
    Parts: {
      Type: 'Map',
      Label: 'SnapshotParts',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON' },
        Arguments: { Bucket: 'bucket', Key: '{% "snapshots/" & $states.input.id %}' },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: Object.keys(states)[0],
        States: states,
      },
      End: true,
      ...more,
    },
  })

const parts = (items: unknown, functions: Functions = {}): Options => ({
  input: { id: 'parts.json' },
  objects: { 'bucket/snapshots/parts.json': items },
  functions,
})

describe('the list in the bucket', () => {
  const echo = { Echo: { Type: 'Succeed' } }

  test('is read where the expressions say, and may be longer than a payload', async () => {
    const long = Array.from({ length: 3000 }, (_, index) => ({ index, filler: 'x'.repeat(100) }))
    const { result } = await run(
      distributed({ One: { Type: 'Succeed', Output: '{% $states.input.index %}' } }),
      parts(long),
    )
    expect(result.output).toEqual(long.map(({ index }) => index))
  })

  test.each([
    ['is not there', undefined, 'The specified key does not exist.'],
    ['is not an array', { a: 1 }, "s3://bucket/snapshots/parts.json is not a JSON array but of type 'object'"],
  ])('States.ItemReaderFailed when it %s', async (_, items, cause) => {
    const { result } = await run(distributed(echo), parts(items))
    expect(result).toEqual({ status: 'FAILED', error: 'States.ItemReaderFailed', cause })
  })
})

describe('each item is a child execution', () => {
  test('with its own context and history, and without the variables of its parent', async () => {
    const { result, events, children } = await run(
      distributed(
        { Show: { Type: 'Succeed', Output: '{% {"context": $states.context, "outer": $exists($outer)} %}' } },
        { ItemSelector: { part: '{% $states.context.Map.Item.Value %}', from: '{% $outer %}' } },
      ),
      parts(['a']),
    )
    const [[arn, history] = ['', []]] = children
    const name = arn.split(':').at(-1)
    expect(arn).toBe(`arn:aws:states:eu-central-1:123456789012:execution:rollback/SnapshotParts:${name}`)
    expect(result.output).toEqual([
      {
        context: {
          Execution: expect.objectContaining({ Id: arn, Name: name, Input: { part: 'a', from: 'secret' } }),
          StateMachine: {
            Id: 'arn:aws:states:eu-central-1:123456789012:stateMachine:rollback/SnapshotParts',
            Name: 'rollback/SnapshotParts',
          },
          State: { Name: 'Show', EnteredTime: '2026-11-01T00:00:00.000Z' },
        },
        outer: false,
      },
    ])
    expect(types(history)).toEqual([
      'ExecutionStarted',
      'SucceedStateEntered',
      'SucceedStateExited',
      'ExecutionSucceeded',
    ])
    expect(history[0]?.id).toBe(1)
    expect(types(events).slice(3)).toEqual([
      'MapStateEntered',
      'MapStateStarted',
      'MapRunStarted',
      'MapRunSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ])
    expect(events[5]?.mapRunStartedEventDetails?.mapRunArn).toMatch(
      /^arn:aws:states:eu-central-1:123456789012:mapRun:rollback\/SnapshotParts:[0-9a-f-]{36}$/,
    )
  })

  test('at most MaxConcurrency at a time, with results in order', async () => {
    let now = 0
    let most = 0
    const f = async (item: number, { clock }: Call) => {
      most = Math.max(most, ++now)
      await clock.sleep((10 - item) * 1000)
      now -= 1
      return item
    }
    const { result } = await run(
      distributed(
        { F: task('f', { Output: '{% $states.result.Payload %}', End: true }) },
        { MaxConcurrency: '{% 2 %}' },
      ),
      parts([1, 2, 3, 4, 5], { f }),
    )
    expect(result.output).toEqual([1, 2, 3, 4, 5])
    expect(most).toBe(2)
  })
})

describe('a child that fails', () => {
  const failing = (bad: number[]) => ({
    f: async (item: number, { clock, signal }: Call) => {
      if (bad.includes(item)) throw new LambdaError('Part.Broken', String(item))
      await clock.sleep(1000, signal)
      return item
    },
  })
  const work = { F: task('f', { Output: '{% $states.result.Payload %}', End: true }) }

  test('is one too many unless the Map tolerates it; the others are aborted', async () => {
    const { result, events, children, clock } = await run(distributed(work), parts([1, 2, 3], failing([2])))
    expect(result).toEqual({
      status: 'FAILED',
      error: 'States.ExceedToleratedFailureThreshold',
      cause: 'The specified tolerated failure threshold was exceeded',
    })
    expect(types(events).slice(-3)).toEqual(['MapRunFailed', 'MapStateFailed', 'ExecutionFailed'])
    const ends = [...children.values()].map((history) => history.at(-1)?.type)
    expect(ends.toSorted()).toEqual(['ExecutionAborted', 'ExecutionAborted', 'ExecutionFailed'])
    expect(clock.pending).toBe(0)
  })

  test.each([
    [{ ToleratedFailurePercentage: 0 }, [2], 'FAILED'],
    [{ ToleratedFailureCount: 1 }, [2], 'SUCCEEDED'],
    [{ ToleratedFailureCount: 1 }, [2, 3], 'FAILED'],
    [{ ToleratedFailurePercentage: '{% 50 %}' }, [2, 3], 'SUCCEEDED'],
    [{ ToleratedFailurePercentage: 50 }, [1, 2, 3], 'FAILED'],
    [{ ToleratedFailurePercentage: 100, ToleratedFailureCount: 1 }, [1, 2], 'FAILED'],
  ])('with %j and failures of %j of four: %s', async (more, bad, status) => {
    const { result } = await run(distributed(work, more), parts([1, 2, 3, 4], failing(bad)))
    expect(result.status).toBe(status)
  })

  test('and is tolerated leaves its error in the results', async () => {
    const { result } = await run(distributed(work, { ToleratedFailureCount: 1 }), parts([1, 2, 3], failing([2])))
    expect(result.output).toEqual([
      1,
      { Status: 'FAILED', Error: 'Part.Broken', Cause: '{"errorType":"Part.Broken","errorMessage":"2"}' },
      3,
    ])
  })

  test('can be caught at the Map by the name of the threshold', async () => {
    const { result } = await run(
      distributed(work, {
        Catch: [{ ErrorEquals: ['States.ExceedToleratedFailureThreshold'], Next: 'Before' }],
        Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1 }],
        End: true,
        Output: 'second try',
      }),
      parts([1], {
        f: (() => {
          let calls = 0
          return () => {
            if (++calls === 1) throw new LambdaError('Once', 'x')
            return 1
          }
        })(),
      }),
    )
    expect(result.output).toBe('second try')
  })
})

describe('a writer of results', () => {
  const writer = {
    ResultWriter: {
      Resource: 'arn:aws:states:::s3:putObject',
      Arguments: { Bucket: 'bucket', Prefix: '{% "map-runs/" & $outer %}' },
    },
  }
  const work = { F: task('f', { Output: '{% $states.result.Payload %}', End: true }) }

  test('keeps them in the bucket, however long they are together, and gives the place of their manifest', async () => {
    const items = Array.from({ length: 30 }, (_, i) => i)
    const long = 'x'.repeat(10_000)
    const { result, written } = await run(distributed(work, writer), parts(items, { f: (i: number) => `${i} ${long}` }))
    const { MapRunArn, ResultWriterDetails } = result.output as { MapRunArn: string; ResultWriterDetails: object }
    const folder = `map-runs/secret/${MapRunArn.split(':').at(-1)}`
    expect(ResultWriterDetails).toEqual({ Bucket: 'bucket', Key: `${folder}/manifest.json` })
    expect([...written.keys()]).toEqual([`bucket/${folder}/SUCCEEDED_0.json`, `bucket/${folder}/manifest.json`])
    const [succeeded, manifest] = [...written.values()]
    expect(manifest).toEqual({
      DestinationBucket: 'bucket',
      MapRunArn,
      ResultFiles: {
        FAILED: [],
        PENDING: [],
        SUCCEEDED: [{ Key: `${folder}/SUCCEEDED_0.json`, Size: JSON.stringify(succeeded).length }],
      },
    })
    const records = succeeded as { Input: string; Output: string; Status: string }[]
    expect(records.map(({ Input }) => JSON.parse(Input))).toEqual(items)
    expect(JSON.parse(records[7]?.Output ?? '')).toBe(`7 ${long}`)
    expect(new Set(records.map(({ Status }) => Status))).toEqual(new Set(['SUCCEEDED']))
    // The same without it is more than a state may give.
    const without = await run(distributed(work), parts(items, { f: (i: number) => `${i} ${long}` }))
    expect(without.result.error).toBe('States.DataLimitExceeded')
  })

  test('says of a Map that failed which child it was, and with what error', async () => {
    const f = async (item: number, { clock, signal }: Call) => {
      if (item === 2) throw new LambdaError('Part.Broken', 'two')
      await clock.sleep(1000, signal)
    }
    const { result, written } = await run(distributed(work, writer), parts([1, 2, 3], { f }))
    expect(result.error).toBe('States.ExceedToleratedFailureThreshold')
    const [failed] = [...written].flatMap(([key, records]) => (key.endsWith('/FAILED_0.json') ? [records] : []))
    const found = failed as { Input: string; Status: string; Error?: string }[]
    expect(found.map(({ Input, Status, Error: error }) => [Input, Status, error])).toEqual([
      ['1', 'ABORTED', undefined],
      ['2', 'FAILED', 'Part.Broken'],
      ['3', 'ABORTED', undefined],
    ])
  })

  test('that may not write fails the Map, and its error can be caught', async () => {
    const options = { ...parts([1], { f: () => 1 }), readOnly: true as const }
    const { result } = await run(distributed(work, writer), options)
    expect(result).toEqual({ status: 'FAILED', error: 'States.ResultWriterFailed', cause: 'Access Denied' })
    const caught = { Catch: [{ ErrorEquals: ['States.ResultWriterFailed'], Next: 'Told' }] }
    const text = JSON.parse(distributed(work, { ...writer, ...caught }))
    text.States.Told = { Type: 'Succeed', Output: 'told' }
    expect((await run(JSON.stringify(text), options)).result.output).toBe('told')
  })
})

test('when the execution is stopped or times out, its children are aborted', async () => {
  const f = (_: unknown, { clock, signal }: Call) => clock.sleep(600_000, signal)
  const stopped = await run(distributed({ F: task('f') }), {
    ...parts([1, 2], { f }),
    stop: (clock, abort) => void clock.sleep(3000).then(() => abort(new StopRequest('Operator', 'enough'))),
  })
  expect(stopped.result).toEqual({ status: 'ABORTED', error: 'Operator', cause: 'enough' })
  const text = JSON.parse(distributed({ F: task('f') })) as object
  const late = await run(JSON.stringify({ ...text, TimeoutSeconds: 5 }), parts([1, 2], { f }))
  expect(late.result).toEqual({ status: 'TIMED_OUT' })
  for (const { children } of [stopped, late]) {
    expect([...children.values()].map((history) => history.at(-1)?.type)).toEqual([
      'ExecutionAborted',
      'ExecutionAborted',
    ])
    expect([...children.keys()]).not.toContain(ARN)
  }
})
