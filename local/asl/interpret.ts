/**
 * The Amazon States Language on one machine, as Step Functions (Standard, JSONata) runs it.
 *
 * Implemented
 * - States: Pass, Task, Choice, Wait (Seconds, Timestamp), Succeed, Fail, Parallel, Map (INLINE; DISTRIBUTED with
 *   STANDARD children).
 * - Fields: Comment, QueryLanguage, Next, End, Arguments, Output, Assign; Retry with IntervalSeconds, MaxAttempts,
 *   BackoffRate, MaxDelaySeconds, JitterStrategy; Catch with Assign and Output; TimeoutSeconds of a machine and of a
 *   task, HeartbeatSeconds; Items, ItemReader (JSON from S3), ItemSelector, ResultWriter (to S3, without a WriterConfig),
 *   MaxConcurrency, Label, ToleratedFailureCount and ToleratedFailurePercentage.
 * - Resources: lambda:invoke and lambda:invoke.waitForTaskToken, with FunctionName and Payload.
 * - `$states.input`, `.result`, `.errorOutput`, `.context` (Execution, StateMachine, State, Task.Token, and Map.Item in
 *   an ItemSelector); variables; `$parse`, `$hash`, `$range`, `$partition`, `$random`, `$uuid`; no `$eval`.
 * - The quotas that bite: 256 KiB for every payload, 25,000 events in a history.
 *
 * Refused when the machine is loaded, by state and field
 * - Every other field, type and resource: JSONPath, ItemBatcher, WriterConfig, EXPRESS children, Credentials, .sync.
 * - HeartbeatSeconds without a task token; ItemReader, ResultWriter, Label and tolerated failures of an INLINE Map.
 * - Transitions to nowhere, states nobody reaches, `$`, `$$` and bare names at the top level of an expression.
 *
 * Different from Step Functions
 * - Invoke's result has no SdkHttpMetadata; `$random(seed)` repeats itself, with other numbers; JSONata is 2.2, not 2.0.
 * - A function that times out or is given up gets an abort signal; in AWS it runs on.
 * - `States.ALL` in a Retry leaves States.DataLimitExceeded out, as the developer guide says; in a Catch it does not, as
 *   executions show.
 */
import type { StateMachine } from './definition.ts'
import type { Environment } from './environment.ts'
import { roundTrip } from './json.ts'
import { type ExecutionContext, ExecutionTimedOut } from './run.ts'
import { type ExecutionResult, runExecution } from './run-execution.ts'
import { pause } from './time.ts'

export type { StateMachine } from './definition.ts'
export type { Environment, OpenToken, TokenOutcome, Tokens } from './environment.ts'
export type { HistoryEvent, HistoryEventType } from './history.ts'
export { loadStateMachine } from './load.ts'
export { type ExecutionContext, StopRequest } from './run.ts'
export type { ExecutionResult } from './run-execution.ts'
export { LambdaError } from './state-error.ts'
export { type TokenAnswers, taskTokens } from './tokens.ts'

/**
 * Executes a machine. Resolves however the execution ends; rejects only for a fault of the interpreter or of the
 * environment's own (`onEvent` throwing). An abort of the signal is ABORTED, with the error and cause of a
 * `StopRequest` when that is its reason.
 */
export async function execute(
  machine: StateMachine,
  input: unknown,
  context: ExecutionContext,
  env: Environment,
  signal?: AbortSignal,
): Promise<ExecutionResult> {
  const { definition } = machine
  const timer = new AbortController()
  const over = new AbortController()
  if (definition.TimeoutSeconds !== undefined) {
    pause(env.clock, definition.TimeoutSeconds, over.signal).then(
      () => timer.abort(new ExecutionTimedOut(context.executionArn)),
      () => {},
    )
  }
  const either = signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal])
  try {
    return await runExecution({ machine, flow: definition, env }, roundTrip(input), context, either)
  } finally {
    over.abort(new Error('the execution is over'))
  }
}
