import type { StateMachine } from './definition.ts'
import type { Environment } from './environment.ts'
import type { Cursor, History } from './history.ts'
import type { Json, JsonObject } from './json.ts'

/** What the caller knows about an execution; `startTime` is shown to expressions, the clock measures from the call. */
export interface ExecutionContext {
  readonly executionArn: string
  readonly executionName: string
  readonly stateMachineArn: string
  readonly roleArn: string
  readonly startTime: Date
}

/** One execution, or one child execution of a distributed Map. */
export interface Run {
  readonly machine: StateMachine
  readonly env: Environment
  readonly history: History
  readonly context: ExecutionContext
  readonly input: Json
}

export type Variables = { readonly [name: string]: Json }

/** Where in a run a state is. Branches of a Parallel and iterations of a Map have places of their own. */
export interface Place {
  readonly run: Run
  readonly cursor: Cursor
  /** Aborts when the execution ends from outside or a sibling branch has failed. */
  readonly signal: AbortSignal
  /** The state the place is in, for the events of an abort. */
  readonly at: { type: string | null }
}

/**
 * The machine's own TimeoutSeconds are over; the reason of the execution's abort signal. Nothing catches it. For the
 * children of a distributed Map, which see the same signal, it is no time-out of theirs.
 */
export class ExecutionTimedOut extends Error {
  override readonly name = 'ExecutionTimedOut'
  readonly executionArn: string

  constructor(executionArn: string) {
    super(`the execution "${executionArn}" timed out`)
    this.executionArn = executionArn
  }
}

/** As the reason of the caller's abort signal: the error and cause of StopExecution. */
export class StopRequest extends Error {
  override readonly name = 'StopRequest'
  readonly error: string | undefined
  readonly detail: string | undefined

  constructor(error?: string, cause?: string) {
    super(`${error ?? 'stopped'}: ${cause ?? 'no cause'}`)
    this.error = error
    this.detail = cause
  }
}

/** Name of the machine: the last part of its ARN. */
const lastPart = (arn: string): string => arn.split(':').at(-1) ?? arn

/** What every state sees as `$states.context`, before its own parts. */
export function contextObject(run: Run, state: JsonObject, more: JsonObject = {}): JsonObject {
  const { executionArn, executionName, stateMachineArn, roleArn, startTime } = run.context
  return {
    Execution: {
      Id: executionArn,
      Input: run.input,
      Name: executionName,
      RoleArn: roleArn,
      StartTime: startTime.toISOString(),
      RedriveCount: 0,
    },
    StateMachine: { Id: stateMachineArn, Name: lastPart(stateMachineArn) },
    State: state,
    ...more,
  }
}
