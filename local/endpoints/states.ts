import { z } from 'zod'
import {
  type Environment,
  type ExecutionResult,
  type HistoryEvent,
  type StateMachine,
  StopRequest,
} from '#local/asl/interpret.ts'
import { ExecutionsStore, endOf, type StoredExecution } from './executions-store.ts'
import { ApiError, jsonService, operation, page } from './json-protocol.ts'
import type { Service } from './service.ts'
import { requireArn } from './states-names.ts'
import { Runs } from './states-runs.ts'

/** One machine, and what it does to the world. `onEvent` sees each event after it is on disk. */
export interface StatesOptions extends Pick<Environment, 'invoke' | 'readItems' | 'writeResults' | 'clock' | 'passes'> {
  /** One process at a time may have it: see `directory-lock.ts`. */
  readonly directory: string
  readonly machine: StateMachine
  readonly stateMachineArn: string
  readonly random?: Environment['random']
  readonly onEvent?: Environment['onEvent']
}

export interface StatesService extends Service {
  /** Resolves when the execution is over, however it ends. Throws `StateMachine.NoSuchExecution`. */
  waitFor(executionArn: string): Promise<ExecutionResult>
  /** Aborts what runs and waits until it has come to rest. */
  close(): Promise<void>
}

const Arn = z.string().min(1).max(2_048)
const Paging = { maxResults: z.int().min(0).max(1_000).default(0), nextToken: z.string().optional() }
const DEFAULT_PAGE = 100
const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'] as const
const TaskToken = z.string().min(1).max(2_048)
const Failure = { error: z.string().max(256).optional(), cause: z.string().max(32_768).optional() }
const MAX_PAYLOAD = 262_144

/**
 * Step Functions with one Standard state machine: StartExecution, StopExecution, DescribeExecution, ListExecutions,
 * GetExecutionHistory, SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat. Executions and their histories outlive the
 * process, running ones end with it as ABORTED. No redrive.
 */
export const statesService = (options: StatesOptions): StatesService => {
  const { directory, machine, stateMachineArn, invoke, readItems, writeResults, clock } = options
  const { random = Math.random, onEvent = () => {}, passes } = options
  const store = new ExecutionsStore(directory, clock.now())
  const runs = new Runs(
    {
      machine,
      stateMachineArn,
      env: { invoke, readItems, writeResults, clock, random, onEvent, ...(passes ? { passes } : {}) },
    },
    store,
  )

  const requireMachine = (arn: string): void => {
    requireArn(arn, 'stateMachine')
    if (arn !== stateMachineArn) {
      throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`)
    }
  }
  const find = (arn: string): StoredExecution => {
    requireArn(arn, 'execution')
    const found = store.get(arn)
    if (found === undefined) throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`)
    return found
  }

  const service = jsonService({
    name: 'states',
    target: 'AWSStepFunctions',
    version: '1.0',
    key: (input) => {
      const { name, executionArn, stateMachineArn } = Named.parse(input)
      return name ?? executionArn ?? stateMachineArn ?? null
    },
    operations: {
      StartExecution: operation(
        z.strictObject({ stateMachineArn: Arn, name: z.string().optional(), input: payload().default('{}') }),
        ({ stateMachineArn, name, input }) => {
          requireMachine(stateMachineArn)
          const { arn, startDate } = runs.start(input, name)
          return { executionArn: arn, startDate }
        },
      ),
      StopExecution: operation(
        z.strictObject({ executionArn: Arn, ...Failure }),
        async ({ executionArn, error, cause }) => {
          const execution = find(executionArn)
          if (execution.stateMachineArn !== stateMachineArn) {
            throw new ApiError('ValidationException', 'Children of a Map are stopped with their parent only.')
          }
          await runs.stop(executionArn, new StopRequest(error, cause))
          return { stopDate: endOf(execution)?.stopDate }
        },
      ),
      DescribeExecution: operation(z.strictObject({ executionArn: Arn }), ({ executionArn }) =>
        described(find(executionArn)),
      ),
      ListExecutions: operation(
        z.strictObject({ stateMachineArn: Arn, statusFilter: z.enum(STATUSES).optional(), ...Paging }),
        ({ stateMachineArn, statusFilter, maxResults, nextToken }) => {
          requireMachine(stateMachineArn)
          const all = store.list(stateMachineArn).map(listed)
          const wanted = all.filter(({ status }) => statusFilter === undefined || status === statusFilter)
          const { items, ...more } = page(wanted, maxResults || DEFAULT_PAGE, nextToken, 'InvalidToken')
          return { executions: items, ...more }
        },
      ),
      GetExecutionHistory: operation(
        z.strictObject({
          executionArn: Arn,
          reverseOrder: z.boolean().default(false),
          includeExecutionData: z.boolean().default(true),
          ...Paging,
        }),
        ({ executionArn, reverseOrder, includeExecutionData, maxResults, nextToken }) => {
          const { events } = find(executionArn)
          const ordered = reverseOrder ? events.toReversed() : events
          const { items, ...more } = page(ordered, maxResults || DEFAULT_PAGE, nextToken, 'InvalidToken')
          return { events: includeExecutionData ? items : items.map(withoutData), ...more }
        },
      ),
      SendTaskSuccess: operation(z.strictObject({ taskToken: TaskToken, output: payload() }), ({ taskToken, output }) =>
        runs.answer(taskToken, (answers) => answers.succeed(taskToken, output)),
      ),
      SendTaskFailure: operation(z.strictObject({ taskToken: TaskToken, ...Failure }), ({ taskToken, error, cause }) =>
        runs.answer(taskToken, (answers) => answers.fail(taskToken, { error, cause })),
      ),
      SendTaskHeartbeat: operation(z.strictObject({ taskToken: TaskToken }), ({ taskToken }) =>
        runs.answer(taskToken, (answers) => answers.heartbeat(taskToken)),
      ),
    },
  })
  return { ...service, waitFor: (arn) => runs.waitFor(arn), close: () => runs.close() }
}

const Named = z.object({
  name: z.string().optional(),
  executionArn: z.string().optional(),
  stateMachineArn: z.string().optional(),
})

const payload = () =>
  z.string().refine((text) => Buffer.byteLength(text) <= MAX_PAYLOAD, `more than ${MAX_PAYLOAD} bytes are not allowed`)

const listed = (execution: StoredExecution) => {
  const { arn, name, stateMachineArn, startDate } = execution
  const end = endOf(execution)
  return {
    executionArn: arn,
    stateMachineArn,
    name,
    status: end?.status ?? 'RUNNING',
    startDate,
    ...(end === null ? {} : { stopDate: end.stopDate }),
    redriveCount: 0,
  }
}

const described = (execution: StoredExecution) => {
  const end = endOf(execution)
  return {
    ...listed(execution),
    input: execution.input,
    inputDetails: { included: true },
    ...(end?.status === 'SUCCEEDED'
      ? { output: JSON.stringify(end.output), outputDetails: { included: true } }
      : { error: end?.error, cause: end?.cause }),
    redriveStatus: 'NOT_REDRIVABLE',
    redriveStatusReason: 'Executions are not redriven locally',
  }
}

const DATA = new Set([
  'input',
  'inputDetails',
  'output',
  'outputDetails',
  'parameters',
  'assignedVariables',
  'assignedVariablesDetails',
])

/** An event as `includeExecutionData: false` gives it. */
const withoutData = (event: HistoryEvent): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(event).map(([key, value]) => [
      key,
      key.endsWith('Details')
        ? Object.fromEntries(Object.entries(value).filter(([member]) => !DATA.has(member)))
        : value,
    ]),
  )
