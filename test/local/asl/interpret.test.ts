import { describe, expect, test } from 'vitest'
import { LambdaError, StopRequest } from '#local/asl/interpret.ts'
import { type Call, type Functions, machine, run, task, types, WAIT } from './harness.ts'

describe('how an execution ends', () => {
  test('SUCCEEDED with the output of its last state', async () => {
    const { result, events } = await run(machine({ S: { Type: 'Succeed', Output: { ok: true } } }))
    expect(result).toEqual({ status: 'SUCCEEDED', output: { ok: true } })
    expect(events).toEqual([
      {
        id: 1,
        previousEventId: 0,
        timestamp: new Date('2026-11-01T00:00:00.000Z'),
        type: 'ExecutionStarted',
        executionStartedEventDetails: {
          input: '{}',
          inputDetails: { truncated: false },
          roleArn: 'arn:aws:iam::123456789012:role/rollback',
        },
      },
      expect.objectContaining({
        id: 2,
        previousEventId: 0,
        type: 'SucceedStateEntered',
        stateEnteredEventDetails: { name: 'S', input: '{}', inputDetails: { truncated: false } },
      }),
      expect.objectContaining({
        id: 3,
        previousEventId: 2,
        type: 'SucceedStateExited',
        stateExitedEventDetails: { name: 'S', output: '{"ok":true}', outputDetails: { truncated: false } },
      }),
      expect.objectContaining({
        id: 4,
        previousEventId: 3,
        type: 'ExecutionSucceeded',
        executionSucceededEventDetails: { output: '{"ok":true}', outputDetails: { truncated: false } },
      }),
    ])
  })

  test('FAILED by a Fail, which may evaluate its texts', async () => {
    const fail = { Type: 'Fail', Error: '{% $states.input.e %}', Cause: 'plain' }
    const { result, events } = await run(machine({ F: fail }), { input: { e: 'A.B' } })
    expect(result).toEqual({ status: 'FAILED', error: 'A.B', cause: 'plain' })
    expect(types(events)).toEqual(['ExecutionStarted', 'FailStateEntered', 'ExecutionFailed'])
  })

  test('FAILED without error and cause when the Fail has none', async () => {
    const { result, events } = await run(machine({ F: { Type: 'Fail' } }))
    expect(result).toEqual({ status: 'FAILED' })
    expect(events[2]?.executionFailedEventDetails).toEqual({})
  })

  test('TIMED_OUT, with neither error nor cause, by the TimeoutSeconds of the machine only', async () => {
    const states = { W: { Type: 'Wait', Seconds: 100, End: true } }
    const { result, events, seconds } = await run(machine(states, { TimeoutSeconds: 7 }))
    expect(result).toEqual({ status: 'TIMED_OUT' })
    expect(seconds).toBe(7)
    expect(events.at(-1)).toMatchObject({
      type: 'ExecutionTimedOut',
      previousEventId: 0,
      executionTimedOutEventDetails: { error: 'States.Timeout' },
    })
    expect(types(events)).not.toContain('WaitStateExited')
  })

  test('a machine that may run for thirty days does not time out at once', async () => {
    const states = { W: { Type: 'Wait', Seconds: 29 * 86_400, End: true } }
    const { result, clock } = await run(machine(states, { TimeoutSeconds: 30 * 86_400 }))
    expect(result.status).toBe('SUCCEEDED')
    expect(clock.pending).toBe(0)
  })

  test.each([
    ['for no reason', undefined, {}],
    ['with an error and a cause', new StopRequest('Operator', 'enough'), { error: 'Operator', cause: 'enough' }],
  ])('ABORTED when it is stopped, %s; nothing catches that', async (_, reason, details) => {
    const { result, events, seconds } = await run(
      machine({
        T: task('f', {
          Retry: [{ ErrorEquals: ['States.ALL'] }],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'S' }],
          Next: 'S',
        }),
        S: { Type: 'Succeed' },
      }),
      {
        functions: { f: (_payload: unknown, { clock }: Call) => clock.sleep(60_000) },
        stop: (clock, abort) => void clock.sleep(3000).then(() => abort(reason)),
      },
    )
    expect(result).toEqual({ status: 'ABORTED', ...details })
    expect(seconds).toBe(3)
    expect(events.at(-1)).toMatchObject({ type: 'ExecutionAborted', executionAbortedEventDetails: details })
  })

  test('ABORTED when it was stopped before it began', async () => {
    const { result, events } = await run(machine({ S: { Type: 'Succeed' } }), { stop: (_, abort) => abort() })
    expect(result).toEqual({ status: 'ABORTED' })
    expect(types(events)).toEqual(['ExecutionStarted', 'ExecutionAborted'])
  })

  test('FAILED for an input over 256 KiB', async () => {
    const { result } = await run(machine({ S: { Type: 'Succeed' } }), { input: 'x'.repeat(256 * 1024) })
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' })
  })

  test('FAILED at 25,000 events, so that a loop without an end has one', async () => {
    const { result, events } = await run(
      machine({
        A: { Type: 'Pass', Next: 'B' },
        B: { Type: 'Choice', Choices: [{ Condition: false, Next: 'Out' }], Default: 'A' },
        Out: { Type: 'Succeed' },
      }),
    )
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' })
    expect(events.length).toBeLessThan(25_010)
  })
})

test('ten states with everything in them: contain, retry, approve, map, parallel, catch, wait, report', async () => {
  const log: string[] = []
  let containCalls = 0
  const functions: Functions = {
    contain: () => {
      if (++containCalls < 3) throw new LambdaError('Bucket.Unreachable', 'try again')
      return { contained: true }
    },
    ask: ({ token }: { token: string }, { clock, tokens }: Call) => {
      void (async () => {
        for (let hours = 0; hours < 3; hours++) {
          await clock.sleep(3_600_000)
          tokens.heartbeat(token)
        }
        tokens.succeed(token, '{"approved":true,"by":["team-lead"]}')
      })()
    },
    step: ({ kind, run: { plan } }: { kind: string; run: { plan: string } }) => {
      log.push(`${plan}:${kind}`)
      return { waitSeconds: log.length < 3 ? 30 : 0 }
    },
    notify: () => {
      throw new LambdaError('Notification.NotDelivered', 'no topic')
    },
    evidence: (_: unknown, { clock, signal }: Call) => clock.sleep(600_000, signal),
    report: (payload: unknown) => payload,
  }
  const { result, events, seconds, clock } = await run(
    machine(
      {
        Contain: task('contain', {
          Assign: { run: '{% $states.input %}', contained: '{% $states.result.Payload.contained %}', problem: null },
          Retry: [
            { ErrorEquals: ['Bucket.Unreachable'], IntervalSeconds: 1, MaxDelaySeconds: 10, JitterStrategy: 'FULL' },
          ],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Handed over' }],
          Next: 'Tell and record',
        }),
        'Tell and record': {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'Notify', States: { Notify: task('notify') } },
            { StartAt: 'Evidence', States: { Evidence: task('evidence') } },
          ],
          Catch: [
            {
              ErrorEquals: ['States.ALL'],
              Assign: { problem: '{% $states.errorOutput.Error %}' },
              Output: '{% $states.input %}',
              Next: 'Approve',
            },
          ],
          Next: 'Approve',
        },
        Approve: task('ask', {
          Resource: WAIT,
          Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
          HeartbeatSeconds: 7200,
          TimeoutSeconds: '{% 24 * 3600 %}',
          Assign: { approval: '{% $states.result %}' },
          Next: 'Approved?',
        }),
        'Approved?': {
          Type: 'Choice',
          Choices: [{ Condition: '{% $approval.approved %}', Assign: { by: '{% $approval.by[0] %}' }, Next: 'Steps' }],
          Default: 'Handed over',
        },
        Steps: {
          Type: 'Map',
          Items: '{% $run.steps %}',
          MaxConcurrency: 1,
          ItemSelector: { kind: '{% $states.context.Map.Item.Value %}', index: '{% $states.context.Map.Item.Index %}' },
          ItemProcessor: {
            StartAt: 'Step',
            States: {
              Step: task('step', {
                Arguments: { FunctionName: 'step', Payload: { kind: '{% $states.input.kind %}', run: '{% $run %}' } },
                Assign: { wait: '{% $states.result.Payload.waitSeconds %}' },
                Output: '{% $states.input %}',
                Next: 'Finished?',
              }),
              'Finished?': {
                Type: 'Choice',
                Choices: [{ Condition: '{% $wait > 0 %}', Next: 'Pause' }],
                Default: 'Done',
              },
              Pause: { Type: 'Wait', Seconds: '{% $wait %}', Next: 'Step' },
              Done: { Type: 'Succeed', Output: '{% $states.input.index %}' },
            },
          },
          Assign: { done: '{% $states.result %}' },
          Next: 'Watch',
        },
        Watch: { Type: 'Wait', Timestamp: '{% $fromMillis($millis() + 60000) %}', Next: 'Report' },
        Report: task('report', {
          Arguments: {
            FunctionName: 'report',
            Payload: '{% {"by": $by, "done": $done, "problem": $problem, "contained": $contained} %}',
          },
          Output: '{% $states.result.Payload %}',
          Next: 'Rolled back',
        }),
        'Rolled back': { Type: 'Succeed' },
        'Handed over': { Type: 'Fail', Error: 'Human.NoAnswer' },
      },
      { TimeoutSeconds: 2_592_000 },
    ),
    { input: { plan: 'p', steps: ['drop-indexes', 'retire'] }, functions },
  )
  expect(result).toEqual({
    status: 'SUCCEEDED',
    output: { by: 'team-lead', done: [0, 1], problem: 'Notification.NotDelivered', contained: true },
  })
  expect(log).toEqual(['p:drop-indexes', 'p:drop-indexes', 'p:drop-indexes', 'p:retire'])
  expect(seconds).toBe(0.5 + 1 + 3 * 3600 + 2 * 30 + 60)
  expect(clock.pending).toBe(0)
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1))
  expect(events.every(({ id, previousEventId }) => previousEventId < id)).toBe(true)
})
