import { describe, expect, test } from 'vitest'
import { LambdaError, taskTokens } from '#local/asl/interpret.ts'
import { type Call, type Functions, machine, run, task, types, WAIT } from './harness.ts'

type WithToken = { token: string }

const ask = (functions: Functions, more: object = {}) =>
  run(
    machine({
      Ask: task('ask', {
        Resource: WAIT,
        Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Then' }],
        Next: 'Then',
        ...more,
      }),
      Then: { Type: 'Succeed' },
    }),
    { functions },
  )

/** Answers after some seconds, as somebody outside would. */
const answering =
  (seconds: number, answer: (token: string, call: Call) => void) => (payload: WithToken, call: Call) => {
    void call.clock.sleep(seconds * 1000).then(() => answer(payload.token, call))
  }

describe('a task that waits for its token', () => {
  test('ends with what SendTaskSuccess brings, not with what the function returns', async () => {
    const { result, events, seconds } = await ask({
      ask: answering(3600, (token, { tokens }) => tokens.succeed(token, '{"approved":true}')),
    })
    expect(result.output).toEqual({ approved: true })
    expect(seconds).toBe(3600)
    expect(types(events).slice(2, 6)).toEqual(['TaskScheduled', 'TaskStarted', 'TaskSubmitted', 'TaskSucceeded'])
    expect(events[4]).toMatchObject({
      taskSubmittedEventDetails: { resource: 'invoke.waitForTaskToken', resourceType: 'lambda' },
    })
  })

  test('may be answered before the function returns', async () => {
    const { result, seconds } = await ask({
      ask: async ({ token }: WithToken, { tokens, clock }: Call) => {
        tokens.succeed(token, '1')
        await clock.sleep(60_000)
      },
    })
    expect(result.output).toBe(1)
    expect(seconds).toBe(0)
  })

  test('fails with the error and cause of SendTaskFailure', async () => {
    const { result } = await ask({
      ask: answering(1, (token, { tokens }) => tokens.fail(token, { error: 'Approval.Denied', cause: 'no' })),
    })
    expect(result.output).toEqual({ Error: 'Approval.Denied', Cause: 'no' })
  })

  test('failed without an error gives {Error: null, Cause: null}, matched by States.ALL', async () => {
    const { result, events } = await ask({ ask: answering(1, (token, { tokens }) => tokens.fail(token)) })
    expect(result.output).toEqual({ Error: null, Cause: null })
    expect(events[5]?.taskFailedEventDetails).toEqual({ resourceType: 'lambda', resource: 'invoke.waitForTaskToken' })
  })

  test('fails when the function fails, at once', async () => {
    const { result, seconds } = await ask({
      ask: () => {
        throw new LambdaError('Notification.NotDelivered', 'gone')
      },
    })
    expect(result.output).toMatchObject({ Error: 'Notification.NotDelivered' })
    expect(seconds).toBe(0)
  })

  test('gets a new token for each attempt, and the old one is void', async () => {
    const given: string[] = []
    const refused: string[] = []
    const { result } = await ask(
      {
        ask: async ({ token }: WithToken, { tokens, clock }: Call) => {
          given.push(token)
          if (given.length === 1) throw new LambdaError('Again', 'once more')
          try {
            tokens.succeed(given[0] ?? '', '1')
          } catch (error) {
            refused.push((error as Error).name)
          }
          await clock.sleep(1000)
          tokens.succeed(token, '2')
        },
      },
      { Retry: [{ ErrorEquals: ['Again'] }] },
    )
    expect(result.output).toBe(2)
    expect(new Set(given).size).toBe(2)
    expect(refused).toEqual(['TaskToken.NotOpen'])
  })
})

describe('nobody answers', () => {
  test('until TimeoutSeconds are over: States.Timeout', async () => {
    const { result, seconds } = await ask({ ask: () => null }, { TimeoutSeconds: 86_400 })
    expect(result.output).toEqual({ Error: 'States.Timeout', Cause: '' })
    expect(seconds).toBe(86_400)
  })

  test('a missed heartbeat is States.Timeout, which States.HeartbeatTimeout names too', async () => {
    for (const name of ['States.Timeout', 'States.HeartbeatTimeout']) {
      const { result, seconds, events } = await ask(
        { ask: () => null },
        { HeartbeatSeconds: 5, TimeoutSeconds: 600, Catch: [{ ErrorEquals: [name], Next: 'Then' }] },
      )
      expect(result.output).toEqual({ Error: 'States.Timeout', Cause: '' })
      expect(seconds).toBe(5)
      expect(events[2]).toMatchObject({ taskScheduledEventDetails: { heartbeatInSeconds: 5, timeoutInSeconds: 600 } })
      expect(types(events)).toContain('TaskTimedOut')
    }
  })

  test('each heartbeat begins the time anew, and does not move TimeoutSeconds', async () => {
    const beating = async ({ token }: WithToken, { tokens, clock }: Call) => {
      for (let beats = 0; beats < 3; beats++) {
        await clock.sleep(4000)
        tokens.heartbeat(token)
      }
    }
    expect((await ask({ ask: beating }, { HeartbeatSeconds: 5 })).seconds).toBe(3 * 4 + 5)
    expect((await ask({ ask: beating }, { HeartbeatSeconds: 5, TimeoutSeconds: 10 })).seconds).toBe(10)
  })

  test('an answer that comes too late is refused', async () => {
    let late: unknown
    const { result } = await run(
      machine({
        Ask: task('ask', {
          Resource: WAIT,
          Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
          TimeoutSeconds: 5,
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Later' }],
          Next: 'Later',
        }),
        Later: { Type: 'Wait', Seconds: 10, End: true },
      }),
      {
        functions: {
          ask: answering(8, (token, { tokens }) => {
            try {
              tokens.succeed(token, '1')
            } catch (error) {
              late = error
            }
          }),
        },
      },
    )
    expect(result.status).toBe('SUCCEEDED')
    expect(late).toMatchObject({ name: 'TaskToken.NotOpen', category: 'refused' })
  })
})

test('the API refuses unknown tokens and output that is not JSON', () => {
  const tokens = taskTokens()
  expect(() => tokens.heartbeat('x')).toThrow('"x" is not open')
  const { token } = tokens.open(() => {})
  expect(() => tokens.succeed(token, 'yes')).toThrow('is not JSON')
  tokens.succeed(token, '"yes"')
  expect(() => tokens.succeed(token, '"again"')).toThrow('is not open')
})
