import { randomUUID } from 'node:crypto'
import { RollbackError } from '#core/errors.ts'
import {
  type Environment,
  type ExecutionResult,
  execute,
  type StateMachine,
  StopRequest,
  type TokenAnswers,
  taskTokens,
} from '#local/asl/interpret.ts'
import { type ExecutionsStore, endOf, type Recording, type StoredExecution } from './executions-store.ts'
import { ApiError } from './json-protocol.ts'
import { executionArn, requireName, roleArn } from './states-names.ts'

export interface Machine {
  readonly machine: StateMachine
  readonly stateMachineArn: string
  /** What the machine does to the world, less its task tokens. */
  readonly env: Omit<Environment, 'tokens'>
}

/** The executions of one machine that run in this process. */
export class Runs {
  readonly #machine: Machine
  readonly #store: ExecutionsStore
  readonly #tokens = taskTokens()
  /** Tokens that were given out: an answer to one of them came too late, to any other one it is wrong. */
  readonly #issued = new Set<string>()
  readonly #running = new Map<string, { stop: AbortController; result: Promise<ExecutionResult> }>()
  #closed = false

  constructor(machine: Machine, store: ExecutionsStore) {
    this.#machine = machine
    this.#store = store
  }

  /** The same name and input again, while it runs, gives the execution that runs. */
  start(input: string, name: string = randomUUID()): StoredExecution {
    requireName(name)
    requireJson(input)
    const { stateMachineArn, env } = this.#machine
    const arn = executionArn(stateMachineArn, name)
    const before = this.#store.get(arn)
    if (before !== undefined) {
      if (endOf(before) === null && before.input === input) return before
      throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`)
    }
    if (this.#closed) throw new ApiError('ServiceUnavailable', 'The local state machine is being shut down.', 503)
    const recording = this.#store.create({ arn, name, stateMachineArn, startDate: env.clock.now(), input })
    const stop = new AbortController()
    const result = this.#run(recording, stop.signal).finally(() => this.#running.delete(arn))
    this.#running.set(arn, { stop, result })
    return recording.execution
  }

  async #run({ execution, record, fail }: Recording, signal: AbortSignal): Promise<ExecutionResult> {
    const { machine, stateMachineArn, env } = this.#machine
    const context = {
      executionArn: execution.arn,
      executionName: execution.name,
      stateMachineArn,
      roleArn: roleArn(stateMachineArn),
      startTime: execution.startDate,
    }
    const tokens: Environment['tokens'] = {
      open: (onHeartbeat) => {
        const open = this.#tokens.open(onHeartbeat)
        this.#issued.add(open.token)
        return open
      },
    }
    const onEvent: Environment['onEvent'] = (event, arn) => {
      record(event, arn)
      env.onEvent(event, arn)
    }
    try {
      return await execute(machine, JSON.parse(execution.input), context, { ...env, tokens, onEvent }, signal)
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      fail(cause, env.clock.now())
      return { status: 'FAILED', error: 'States.Runtime', cause }
    }
  }

  /** Resolves when the execution is over; one that is over already stays as it ended. */
  async stop(arn: string, request: StopRequest): Promise<void> {
    const running = this.#running.get(arn)
    running?.stop.abort(request)
    await running?.result
  }

  async waitFor(arn: string): Promise<ExecutionResult> {
    const running = this.#running.get(arn)
    if (running !== undefined) return running.result
    const stored = this.#store.get(arn)
    const end = stored === undefined ? null : endOf(stored)
    if (end !== null) {
      const { stopDate: _, ...result } = end
      return result
    }
    throw new RollbackError('StateMachine.NoSuchExecution', `No execution "${arn}" can be waited for here.`, {
      fix: 'Use the ARN that StartExecution gave; of a distributed Map, wait for the parent.',
      category: 'usage',
    })
  }

  /** Answers a task that waits for its token. */
  answer(token: string, send: (answers: TokenAnswers) => void): void {
    try {
      send(this.#tokens)
    } catch (error) {
      if (!(error instanceof RollbackError)) throw error
      if (error.name === 'TaskToken.InvalidOutput') throw new ApiError('InvalidOutput', error.message)
      throw this.#issued.has(token)
        ? new ApiError('TaskTimedOut', 'The task of this token was answered, timed out or stopped.')
        : new ApiError('TaskDoesNotExist', 'No task was given this token by this process.')
    }
  }

  /** Aborts what runs and waits until it has come to rest. */
  async close(): Promise<void> {
    this.#closed = true
    const reason = new StopRequest('Local.Closed', 'The process that ran the execution was shut down.')
    await Promise.all([...this.#running.keys()].map((arn) => this.stop(arn, reason)))
  }
}

const requireJson = (input: string): void => {
  try {
    JSON.parse(input)
  } catch (error) {
    throw new ApiError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${(error as Error).message}'`)
  }
}
