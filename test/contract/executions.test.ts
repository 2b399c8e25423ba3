import { describe, expect, test } from 'vitest'
import { sfnExecutions } from '#aws/executions.ts'
import { LambdaError } from '#local/asl/interpret.ts'
import { machine, task } from '#test/local/asl/harness.ts'
import { type Functions, gate, MACHINE, ONE_TASK, WAITING, world } from '#test/local/endpoints/states-world.ts'

/** Enough for a busy machine. */
const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
/** For what never answers. */
const HASTY = { ...PATIENT, idleMilliseconds: 200 }

const open = async (text: string, functions: Functions = {}) => ({
  ...(await world(text, functions)),
  executions: sfnExecutions(MACHINE, PATIENT),
})

describe('starting', () => {
  test('gives the ARN, and that it was started', async () => {
    const { executions, service } = await open(ONE_TASK, { work: (input) => input })
    const { arn, started } = await executions.start('incident-1', { plan: 'search' })
    expect({ arn, started }).toEqual({
      arn: 'arn:aws:states:eu-central-1:123456789012:execution:rollback:incident-1',
      started: true,
    })
    expect(await service.waitFor(arn)).toMatchObject({ output: { Payload: { plan: 'search' } } })
  })

  test('with a name that was used gives the execution that has it, running or over', async () => {
    const { promise, resolve } = gate<string>()
    const { executions, service } = await open(ONE_TASK, { work: () => promise })
    const { arn } = await executions.start('incident-1', { plan: 'a' })
    expect(await executions.start('incident-1', { plan: 'b' })).toEqual({ arn, started: false })
    resolve('done')
    await service.waitFor(arn)
    expect(await executions.start('incident-1', { plan: 'a' })).toEqual({ arn, started: false })
  })

  test('fifty times at once gives one execution', async () => {
    let calls = 0
    const { promise, resolve } = gate<string>()
    const { executions, service } = await open(ONE_TASK, { work: () => ++calls && promise })
    const started = await Promise.all(Array.from({ length: 50 }, (_, of) => executions.start('incident-1', { of })))
    const [first] = started
    expect(new Set(started.map(({ arn }) => arn)).size).toBe(1)
    expect(started.filter((each) => each.started)).toHaveLength(1)
    resolve('done')
    await service.waitFor(first?.arn ?? '')
    expect(calls).toBe(1)
  })

  test('asks for the machine each time, when it is a function', async () => {
    const { service } = await open(ONE_TASK, { work: () => 'done' })
    let asked = 0
    const executions = sfnExecutions(() => {
      asked += 1
      return MACHINE
    }, PATIENT)
    expect(asked).toBe(0)
    for (const name of ['incident-1', 'incident-2']) await service.waitFor((await executions.start(name, {})).arn)
    expect(asked).toBe(2)
  })

  test('a machine that does not exist is refused by its ARN', async () => {
    await open(ONE_TASK)
    await expect(sfnExecutions(`${MACHINE}2`, PATIENT).start('incident-1', {})).rejects.toMatchObject({
      name: 'StateMachine.Rejected',
      category: 'failed',
      message: expect.stringContaining(`"${MACHINE}2"`),
    })
  })
})

describe('an execution', () => {
  test('runs, has ended, or is not known', async () => {
    const { promise, resolve } = gate<string>()
    const { executions, service } = await open(ONE_TASK, { work: () => promise })
    const { arn } = await executions.start('incident-1', {})
    expect(await executions.status(arn)).toBe('running')
    resolve('done')
    await service.waitFor(arn)
    expect(await executions.status(arn)).toBe('ended')
    expect(await executions.status(`${arn}-2`)).toBe('gone')
    expect(await executions.knows('incident-1')).toBe(true)
    expect(await executions.knows('incident-2')).toBe(false)
  })

  test('goes on when its task is answered', async () => {
    const { promise, resolve } = gate<string>()
    const { executions, service } = await open(WAITING, { ask: (token: string) => resolve(token) })
    const { arn } = await executions.start('incident-1', {})
    const token = await promise
    await executions.succeed(token, { approvedBy: ['a', 'b'] })
    expect(await service.waitFor(arn)).toEqual({ status: 'SUCCEEDED', output: { approvedBy: ['a', 'b'] } })
    await expect(executions.succeed(token, {})).rejects.toMatchObject({
      name: 'StateMachine.TaskGone',
      category: 'refused',
      message: expect.not.stringContaining(token),
    })
  })

  test('takes a refusal with as much of the cause as Step Functions takes', async () => {
    const { promise, resolve } = gate<string>()
    const { executions, service } = await open(WAITING, { ask: (token: string) => resolve(token) })
    const { arn } = await executions.start('incident-1', {})
    await executions.fail(await promise, 'Approval.Refused', 'x'.repeat(40_000))
    const cause = 'x'.repeat(32_768)
    expect(await service.waitFor(arn)).toEqual({ status: 'FAILED', error: 'Approval.Refused', cause })
  })
})

test('a history tells the states in the order of their entry, with retries, Map and Parallel', async () => {
  const Retry = [{ ErrorEquals: ['Postgres.LockNotAvailable'], IntervalSeconds: 1, MaxAttempts: 2 }]
  const text = machine({
    Retire: task('locked-once', { Retry, Next: 'Both' }),
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Tell', States: { Tell: task('work') } },
        { StartAt: 'Record', States: { Record: task('work') } },
      ],
      Next: 'Parts',
    },
    Parts: {
      Type: 'Map',
      Items: [1, 2, 3],
      MaxConcurrency: 1,
      ItemProcessor: { StartAt: 'Part', States: { Part: task('locked-twice', { Retry, End: true }) } },
      Next: 'Over?',
    },
    'Over?': { Type: 'Choice', Choices: [{ Condition: '{% true %}', Next: 'Verify' }] },
    Verify: task('broken', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], Next: 'Done' }),
    Done: { Type: 'Succeed' },
  })
  const calls = { once: 0, twice: 0 }
  const locked = () => {
    throw new LambdaError('Postgres.LockNotAvailable', 'locked')
  }
  const { executions, service, clock } = await open(text, {
    'locked-once': () => (calls.once++ === 0 ? locked() : 'done'),
    'locked-twice': () => (calls.twice++ < 2 ? locked() : 'done'),
    work: () => 'done',
    broken: () => {
      throw new LambdaError('Verify.Failed', 'rows are missing')
    },
  })
  const { arn } = await executions.start('incident-1', {})
  await clock.drive(service.waitFor(arn))
  const states = await executions.history(arn)
  expect(states.map(({ name, attempts, status, error }) => [name, attempts, status, error])).toEqual([
    ['Retire', 2, 'succeeded', null],
    ['Both', 1, 'succeeded', null],
    ['Tell', 1, 'succeeded', null],
    ['Record', 1, 'succeeded', null],
    ['Parts', 1, 'succeeded', null],
    ['Part', 5, 'succeeded', null],
    ['Over?', 1, 'succeeded', null],
    ['Verify', 1, 'failed', 'Verify.Failed'],
    ['Done', 1, 'succeeded', null],
  ])
  expect(states[0]).toMatchObject({ startedAt: '2026-11-01T00:00:00.000Z', ms: 1_000 })
})

test('a history of more than one page is read to its end', async () => {
  const text = machine({
    Many: {
      Type: 'Map',
      Items: '{% [1..400] %}',
      ItemProcessor: { StartAt: 'Each', States: { Each: { Type: 'Pass', End: true } } },
      Next: 'Last',
    },
    Last: { Type: 'Succeed' },
  })
  const { executions, service } = await open(text)
  const { arn } = await executions.start('incident-1', {})
  await service.waitFor(arn)
  expect((await executions.history(arn)).map(({ name }) => name)).toEqual(['Many', 'Each', 'Last'])
})

describe('when Step Functions', () => {
  test.each([
    ['is gone', { reset: true }],
    ['never answers', { blackHole: true }],
    ['has an error of its own', { status: 500 }],
  ] as const)('%s, nobody takes it for an execution that ended', async (_, fault) => {
    const { faults } = await open(ONE_TASK, { work: () => 'done' })
    const executions = sfnExecutions(MACHINE, 'blackHole' in fault ? HASTY : PATIENT)
    faults.add({ service: 'states', fault })
    const unreachable = { name: 'StateMachine.Unreachable', category: 'unreachable' }
    const arn = `${MACHINE.replace('stateMachine', 'execution')}:incident-1`
    await expect(executions.start('incident-1', {})).rejects.toMatchObject(unreachable)
    await expect(executions.status(arn)).rejects.toMatchObject(unreachable)
    await expect(executions.history(arn)).rejects.toMatchObject(unreachable)
    await expect(executions.succeed('token', {})).rejects.toMatchObject(unreachable)
  })

  test('loses the answer to a start, starting again is the same execution', async () => {
    const { promise, resolve } = gate<string>()
    const { executions, faults, service } = await open(ONE_TASK, { work: () => promise })
    faults.add({ service: 'states', operation: 'StartExecution', times: 1, fault: { loseAnswer: true } })
    await expect(executions.start('incident-1', {})).rejects.toMatchObject({ name: 'StateMachine.Unreachable' })
    const { arn } = await executions.start('incident-1', {})
    resolve('done')
    expect(await service.waitFor(arn)).toMatchObject({ status: 'SUCCEEDED' })
  })
})
