import type { Flow, StateMachine } from './definition.ts'
import type { Environment } from './environment.ts'
import { runFlow } from './flow.ts'
import { type Cursor, failure, History, WHOLE } from './history.ts'
import { byteLength, type Json, MAX_PAYLOAD_BYTES } from './json.ts'
import { type ExecutionContext, ExecutionTimedOut, StopRequest } from './run.ts'
import { dataLimitExceeded, StateError } from './state-error.ts'

/** How an execution ended. `error` and `cause` are absent where Step Functions has none. */
export type ExecutionResult =
  | { readonly status: 'SUCCEEDED'; readonly output: Json; readonly error?: never; readonly cause?: never }
  | {
      readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED'
      readonly output?: never
      readonly error?: string
      readonly cause?: string
    }

/** What is executed: a machine, or the processor of a distributed Map. */
export interface Executable {
  readonly machine: StateMachine
  readonly flow: Flow
  readonly env: Environment
}

/** From ExecutionStarted to the event of its end. The signal ends it from outside. */
export async function runExecution(
  { machine, flow, env }: Executable,
  input: Json,
  context: ExecutionContext,
  signal: AbortSignal,
): Promise<ExecutionResult> {
  const history = new History(env.clock, (event) => env.onEvent(event, context.executionArn))
  history.note(0, 'ExecutionStarted', {
    executionStartedEventDetails: { input: JSON.stringify(input), inputDetails: WHOLE, roleArn: context.roleArn },
  })
  // Step Functions' first state does not follow ExecutionStarted but event 0, and neither does a stop from outside.
  const cursor: Cursor = { previous: 0 }
  try {
    if (byteLength(input) > MAX_PAYLOAD_BYTES) throw dataLimitExceeded(context.executionName)
    const run = { machine, env, history, context, input }
    const output = await runFlow(flow, input, {}, { run, cursor, signal, at: { type: null } })
    history.append(cursor, 'ExecutionSucceeded', {
      executionSucceededEventDetails: { output: JSON.stringify(output), outputDetails: WHOLE },
    })
    return { status: 'SUCCEEDED', output }
  } catch (error) {
    if (signal.aborted) return stopped(history, signal.reason, context)
    if (!(error instanceof StateError)) throw error
    const details = failure(error)
    history.append(cursor, 'ExecutionFailed', { executionFailedEventDetails: details })
    return { status: 'FAILED', ...details }
  }
}

/** A time-out has its error in the history only; an abort has what the caller gave. */
function stopped(history: History, reason: unknown, { executionArn }: ExecutionContext): ExecutionResult {
  if (reason instanceof ExecutionTimedOut && reason.executionArn === executionArn) {
    history.note(0, 'ExecutionTimedOut', { executionTimedOutEventDetails: { error: 'States.Timeout' } })
    return { status: 'TIMED_OUT' }
  }
  const request = reason instanceof StopRequest ? reason : undefined
  const details = {
    ...(request?.error === undefined ? {} : { error: request.error }),
    ...(request?.detail === undefined ? {} : { cause: request.detail }),
  }
  history.note(0, 'ExecutionAborted', { executionAbortedEventDetails: details })
  return { status: 'ABORTED', ...details }
}
