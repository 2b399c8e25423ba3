import { describe, expect, test } from 'vitest'
import { machine, WAIT } from '#test/local/asl/harness.ts'
import { errorName } from './host.ts'
import { DISTRIBUTED, gate, historyOf, MACHINE, ONE_TASK, WAITING, world } from './states-world.ts'

describe('starting', () => {
  test('fifty times at once with one name is one execution', async () => {
    const { promise, resolve } = gate<string>()
    let calls = 0
    const { sfn, service } = await world(ONE_TASK, { work: () => ++calls && promise })
    const request = { stateMachineArn: MACHINE, name: 'incident-1', input: '{"plan":"search"}' }
    const started = await Promise.all(Array.from({ length: 50 }, () => sfn.startExecution(request)))
    resolve('done')
    const arn = MACHINE.replace('stateMachine', 'execution').concat(':incident-1')
    expect(new Set(started.map(({ executionArn }) => executionArn))).toEqual(new Set([arn]))
    expect(new Set(started.map(({ startDate }) => startDate?.getTime())).size).toBe(1)
    expect(await service.waitFor(arn)).toMatchObject({ status: 'SUCCEEDED', output: { Payload: 'done' } })
    expect(calls).toBe(1)
    expect((await sfn.listExecutions({ stateMachineArn: MACHINE })).executions).toHaveLength(1)
  })

  test('with a used name is refused for another input, and for any once it is over', async () => {
    const { promise, resolve } = gate<string>()
    const { start, service } = await world(ONE_TASK, { work: () => promise })
    const arn = await start('incident-1', { plan: 'a' })
    expect(await errorName(start('incident-1', { plan: 'b' }))).toBe('ExecutionAlreadyExists')
    resolve('done')
    await service.waitFor(arn)
    expect(await errorName(start('incident-1', { plan: 'a' }))).toBe('ExecutionAlreadyExists')
  })

  test('without a name gives one, and without input an empty object', async () => {
    const { sfn, service } = await world(ONE_TASK, { work: (input) => input })
    const { executionArn = '' } = await sfn.startExecution({ stateMachineArn: MACHINE })
    expect(await service.waitFor(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: { Payload: {} } })
  })

  test.each(['', 'x'.repeat(81), 'a b', 'a/b', 'a:b', 'a%b', 'tab\t', 'a#b'])('refuses the name "%s"', async (name) => {
    const { start } = await world(ONE_TASK, { work: () => 1 })
    expect(await errorName(start(name))).toBe('InvalidName')
  })

  test('keeps names apart that a file system would not', async () => {
    const { start, service } = await world(ONE_TASK, { work: (input) => input })
    const names = ['incident', 'Incident', 'INCIDENT', '..', '.', 'ü'.repeat(80)]
    for (const name of names) await service.waitFor(await start(name, { name }))
    for (const name of names) {
      const arn = MACHINE.replace('stateMachine', 'execution').concat(`:${name}`)
      expect(await service.waitFor(arn)).toMatchObject({ output: { Payload: { name } } })
    }
  })

  test.each([
    ['input that is not JSON', { input: '{plan' }, 'InvalidExecutionInput'],
    ['input over 256 KiB', { input: JSON.stringify('x'.repeat(262_144)) }, 'ValidationException'],
    ['another machine', { stateMachineArn: `${MACHINE}2` }, 'StateMachineDoesNotExist'],
    ['what is no machine', { stateMachineArn: 'rollback' }, 'InvalidArn'],
    ['what is not done here', { traceHeader: 'Root=1' }, 'ValidationException'],
  ])('refuses %s', async (_, more, name) => {
    const { sfn } = await world(ONE_TASK, { work: () => 1 })
    expect(await errorName(sfn.startExecution({ stateMachineArn: MACHINE, ...more }))).toBe(name)
  })
})

describe('an execution', () => {
  test('is described while it runs and after its end', async () => {
    const { promise, resolve } = gate<string>()
    const { sfn, start, service } = await world(ONE_TASK, { work: () => promise })
    const executionArn = await start('incident-1', { plan: 'search' })
    const running = await sfn.describeExecution({ executionArn })
    expect(running).toMatchObject({ status: 'RUNNING', name: 'incident-1', input: '{"plan":"search"}' })
    expect(running.stopDate).toBeUndefined()
    resolve('done')
    await service.waitFor(executionArn)
    const { status, output = '', startDate, stopDate } = await sfn.describeExecution({ executionArn })
    expect({ status, payload: JSON.parse(output).Payload }).toEqual({ status: 'SUCCEEDED', payload: 'done' })
    expect([startDate, stopDate]).toEqual([new Date('2026-11-01T00:00:00Z'), new Date('2026-11-01T00:00:00Z')])
  })

  test('that fails says with what error', async () => {
    const text = machine({ Handed: { Type: 'Fail', Error: 'Rollback.HandedOver', Cause: 'nobody answered' } })
    const { sfn, start, service } = await world(text)
    const executionArn = await start('incident-1')
    await service.waitFor(executionArn)
    expect(await sfn.describeExecution({ executionArn })).toMatchObject({
      status: 'FAILED',
      error: 'Rollback.HandedOver',
      cause: 'nobody answered',
    })
  })

  test('that is stopped is aborted with the reason given, and stopping it again changes nothing', async () => {
    const { sfn, start, service } = await world(ONE_TASK, { work: () => gate().promise })
    const executionArn = await start('incident-1')
    const { stopDate } = await sfn.stopExecution({ executionArn, error: 'Operator', cause: 'wrong plan' })
    expect(stopDate).toBeInstanceOf(Date)
    await sfn.stopExecution({ executionArn, error: 'Another' })
    expect(await service.waitFor(executionArn)).toEqual({ status: 'ABORTED', error: 'Operator', cause: 'wrong plan' })
    expect((await historyOf(sfn, executionArn)).at(-1)?.type).toBe('ExecutionAborted')
  })

  test('that nobody knows does not exist', async () => {
    const { sfn, service } = await world(ONE_TASK)
    const executionArn = MACHINE.replace('stateMachine', 'execution').concat(':nobody')
    expect(await errorName(sfn.describeExecution({ executionArn }))).toBe('ExecutionDoesNotExist')
    expect(await errorName(sfn.stopExecution({ executionArn }))).toBe('ExecutionDoesNotExist')
    expect(await errorName(sfn.getExecutionHistory({ executionArn }))).toBe('ExecutionDoesNotExist')
    expect(await errorName(sfn.describeExecution({ executionArn: 'nobody' }))).toBe('InvalidArn')
    expect(await errorName(service.waitFor(executionArn))).toBe('StateMachine.NoSuchExecution')
  })

  test('is listed by its status, the latest first', async () => {
    const { sfn, start, service, clock } = await world(ONE_TASK, { work: (input: string) => input || gate().promise })
    for (const name of ['first', 'second']) {
      await service.waitFor(await start(name, 'ends'))
      const waiting = clock.sleep(1_000)
      clock.advance()
      await waiting
    }
    await start('third', '')
    const names = async (more = {}) => {
      const { executions = [] } = await sfn.listExecutions({ stateMachineArn: MACHINE, ...more })
      return executions.map(({ name }) => name)
    }
    expect(await names()).toEqual(['third', 'second', 'first'])
    expect(await names({ statusFilter: 'RUNNING' })).toEqual(['third'])
    const { nextToken } = await sfn.listExecutions({ stateMachineArn: MACHINE, maxResults: 2 })
    expect(await names({ nextToken })).toEqual(['first'])
    expect(await errorName(sfn.listExecutions({ stateMachineArn: MACHINE, nextToken: 'x' }))).toBe('InvalidToken')
  })
})

describe('a history', () => {
  test('is the same in pages of two, backwards, and as it was told while it happened', async () => {
    const { sfn, start, service, events } = await world(ONE_TASK, { work: () => 'done' })
    const arn = await start('incident-1')
    await service.waitFor(arn)
    const whole = await historyOf(sfn, arn)
    expect(whole.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ])
    expect(await historyOf(sfn, arn, 2)).toEqual(whole)
    expect(await historyOf(sfn, arn, 3, { reverseOrder: true })).toEqual(whole.toReversed())
    expect(events.map(([event]) => event)).toEqual(whole)
  })

  test('without execution data has names and errors, and neither inputs nor tokens', async () => {
    const { promise, resolve } = gate<string>()
    const { sfn, start, service } = await world(WAITING, { ask: (token: string) => resolve(token) })
    const arn = await start('incident-1', { secret: 'of the input' })
    const taskToken = await promise
    await sfn.sendTaskFailure({ taskToken, error: 'Approval.Refused', cause: 'not today' })
    await service.waitFor(arn)
    expect(JSON.stringify(await historyOf(sfn, arn))).toContain(taskToken)
    const bare = await historyOf(sfn, arn, 100, { includeExecutionData: false })
    expect(JSON.stringify(bare)).not.toMatch(new RegExp(`${taskToken}|of the input`))
    expect(bare.find(({ type }) => type === 'TaskStateEntered')?.stateEnteredEventDetails?.name).toBe('Ask')
    expect(bare.find(({ type }) => type === 'TaskFailed')?.taskFailedEventDetails).toMatchObject({
      error: 'Approval.Refused',
      cause: 'not today',
    })
  })

  test('of a distributed Map’s child stands under the child’s own name', async () => {
    const { sfn, start, service, events } = await world(DISTRIBUTED, { part: (item: number) => item * 10 })
    const arn = await start('incident-1')
    await service.waitFor(arn)
    const children = [...new Set(events.map(([, of]) => of))].filter((of) => of !== arn)
    expect(children).toHaveLength(2)
    expect((await historyOf(sfn, arn)).map(({ type }) => type)).not.toContain('TaskScheduled')
    for (const executionArn of children) {
      expect((await historyOf(sfn, executionArn)).map(({ type }) => type)).toContain('TaskScheduled')
      expect(await sfn.describeExecution({ executionArn })).toMatchObject({
        status: 'SUCCEEDED',
        stateMachineArn: `${MACHINE}/Parts`,
        input: expect.stringMatching(/^[12]$/),
      })
    }
    expect((await sfn.listExecutions({ stateMachineArn: MACHINE })).executions).toHaveLength(1)
  })
})

describe('a task token', () => {
  const asked = async () => {
    const { promise, resolve } = gate<string>()
    const running = await world(WAITING, { ask: (token: string) => resolve(token) })
    const arn = await running.start('incident-1')
    return { ...running, arn, taskToken: await promise }
  }

  test('answered over HTTP ends its task with that output', async () => {
    const { sfn, service, arn, taskToken } = await asked()
    await sfn.sendTaskSuccess({ taskToken, output: '{"approved":true}' })
    expect(await service.waitFor(arn)).toEqual({ status: 'SUCCEEDED', output: { approved: true } })
  })

  test('is answered once: later answers come too late', async () => {
    const { sfn, service, arn, taskToken } = await asked()
    await sfn.sendTaskFailure({ taskToken, error: 'Approval.Refused', cause: 'not today' })
    expect(await errorName(sfn.sendTaskSuccess({ taskToken, output: '{}' }))).toBe('TaskTimedOut')
    expect(await errorName(sfn.sendTaskHeartbeat({ taskToken }))).toBe('TaskTimedOut')
    expect(await service.waitFor(arn)).toEqual({ status: 'FAILED', error: 'Approval.Refused', cause: 'not today' })
  })

  test('nobody was given belongs to no task', async () => {
    const { sfn } = await asked()
    expect(await errorName(sfn.sendTaskSuccess({ taskToken: 'guessed', output: '{}' }))).toBe('TaskDoesNotExist')
  })

  test('stays open when the answer is not JSON', async () => {
    const { sfn, service, arn, taskToken } = await asked()
    expect(await errorName(sfn.sendTaskSuccess({ taskToken, output: 'yes' }))).toBe('InvalidOutput')
    await sfn.sendTaskSuccess({ taskToken, output: '"yes"' })
    expect(await service.waitFor(arn)).toEqual({ status: 'SUCCEEDED', output: 'yes' })
  })

  test('is kept open by heartbeats', async () => {
    const { promise, resolve } = gate<string>()
    const text = machine({
      Ask: {
        Type: 'Task',
        Resource: WAIT,
        Arguments: { FunctionName: 'ask', Payload: '{% $states.context.Task.Token %}' },
        HeartbeatSeconds: 60,
        End: true,
      },
    })
    const { sfn, start, service, clock } = await world(text, { ask: (token: string) => resolve(token) })
    const arn = await start('incident-1')
    const taskToken = await promise
    // A minute passes in two halves, with a heartbeat between them.
    const half = async () => {
      const over = clock.sleep(30_000)
      clock.advance()
      await over
    }
    await half()
    await sfn.sendTaskHeartbeat({ taskToken })
    await half()
    expect((await sfn.describeExecution({ executionArn: arn })).status).toBe('RUNNING')
    expect(await clock.drive(service.waitFor(arn))).toMatchObject({ status: 'FAILED', error: 'States.Timeout' })
  })
})
