import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type HistoryEvent,
  paginateGetExecutionHistory,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import type { Limits } from '#aws/clients.ts'
import { visitedStates } from '#aws/execution-history.ts'
import { fromSdk, nameOf } from '#aws/sdk-errors.ts'
import { sfnClient } from '#aws/sfn-client.ts'
import { RollbackError } from '#core/errors.ts'
import type { Executions } from '#core/ports.ts'

/** SendTaskFailure cuts nothing off: it refuses what is longer. */
const ERROR_CHARACTERS = 256
const CAUSE_CHARACTERS = 32_768
const PAGE = 1_000

/**
 * The state machine (Standard) of that ARN, which may be asked for at each start. `start` with the name and input of an
 * execution that still runs is answered by Step Functions as if it had started it: `started` is true there too, and false
 * for any other use of a used name.
 */
export const sfnExecutions = (machine: string | (() => string), limits?: Limits): Executions => {
  const client = () => sfnClient(limits)
  const status = async (arn: string): ReturnType<Executions['status']> => {
    try {
      const { status } = await client().send(new DescribeExecutionCommand({ executionArn: arn }))
      return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended'
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return 'gone'
      throw stateMachineError(error, `Describing "${arn}"`, 'states:DescribeExecution')
    }
  }
  return {
    async start(name, input) {
      const stateMachineArn = typeof machine === 'string' ? machine : machine()
      try {
        const start = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input ?? {}) })
        const { executionArn } = await client().send(start)
        return { arn: executionArn ?? executionArnOf(stateMachineArn, name), started: true }
      } catch (error) {
        if (error instanceof ExecutionAlreadyExists) {
          return { arn: executionArnOf(stateMachineArn, name), started: false }
        }
        throw stateMachineError(error, `Starting "${name}" of "${stateMachineArn}"`, 'states:StartExecution')
      }
    },
    status,
    async knows(name) {
      const stateMachineArn = typeof machine === 'string' ? machine : machine()
      return (await status(executionArnOf(stateMachineArn, name))) !== 'gone'
    },
    async history(arn) {
      const events: HistoryEvent[] = []
      try {
        const page = { client: client(), pageSize: PAGE }
        // Inputs and outputs carry task tokens, and the caller needs neither.
        const request = { executionArn: arn, maxResults: PAGE, includeExecutionData: false }
        for await (const { events: found } of paginateGetExecutionHistory(page, request)) events.push(...(found ?? []))
      } catch (error) {
        throw stateMachineError(error, `Reading the history of "${arn}"`, 'states:GetExecutionHistory')
      }
      return visitedStates(events)
    },
    async succeed(taskToken, output) {
      const command = new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output ?? null) })
      await answer(() => client().send(command), 'states:SendTaskSuccess')
    },
    async fail(taskToken, error, cause) {
      const command = new SendTaskFailureCommand({
        taskToken,
        error: error.slice(0, ERROR_CHARACTERS),
        cause: cause.slice(0, CAUSE_CHARACTERS),
      })
      await answer(() => client().send(command), 'states:SendTaskFailure')
    },
  }
}

/** `arn:aws:states:<region>:<account>:stateMachine:<machine>` → `…:execution:<machine>:<name>`, less a version or alias. */
const executionArnOf = (stateMachineArn: string, name: string): string => {
  const [arn, partition, service, region, account, , machine] = stateMachineArn.split(':')
  return [arn, partition, service, region, account, 'execution', machine, name].join(':')
}

const stateMachineError = (error: unknown, doing: string, action: string): RollbackError => {
  const call = {
    doing,
    action,
    unreachable: 'StateMachine.Unreachable',
    denied: 'StateMachine.Denied',
    rejected: 'StateMachine.Rejected',
  } as const
  return fromSdk(error, call, 'Check the ARN, its account and region, and the input that the message names.')
}

/** A token is a secret that lets its holder go on: it is never quoted. */
const answer = async (send: () => Promise<unknown>, action: string): Promise<void> => {
  try {
    await send()
  } catch (error) {
    if (['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'].includes(nameOf(error))) {
      throw new RollbackError('StateMachine.TaskGone', `No task waits for this answer any more (${nameOf(error)}).`, {
        fix: 'It was answered before, or its time is over: look at where the execution is now.',
        category: 'refused',
        cause: error,
      })
    }
    throw stateMachineError(error, 'Answering a task', action)
  }
}
