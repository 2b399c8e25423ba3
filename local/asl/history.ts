import type { Clock } from '#core/ports.ts'
import { StateError } from './state-error.ts'

type Stage = 'Entered' | 'Exited'
type StateType = 'Pass' | 'Task' | 'Choice' | 'Wait' | 'Succeed' | 'Parallel' | 'Map'

export type HistoryEventType =
  | `Execution${'Started' | 'Succeeded' | 'Failed' | 'TimedOut' | 'Aborted'}`
  | `${StateType}State${Stage}`
  | 'FailStateEntered'
  | `${'Task' | 'Wait' | 'Parallel' | 'Map'}StateAborted`
  | `Task${'Scheduled' | 'Started' | 'Submitted' | 'Succeeded' | 'Failed' | 'TimedOut'}`
  | `${'Parallel' | 'Map'}State${'Started' | 'Succeeded' | 'Failed'}`
  | `MapIteration${'Started' | 'Succeeded' | 'Failed' | 'Aborted'}`
  | `MapRun${'Started' | 'Succeeded' | 'Failed' | 'Aborted'}`
  | 'EvaluationFailed'

interface Truncation {
  readonly truncated: false
}
interface Failure {
  readonly error?: string
  readonly cause?: string
}
interface OfResource {
  readonly resourceType: 'lambda'
  readonly resource: 'invoke' | 'invoke.waitForTaskToken'
}
interface Iteration {
  readonly name: string
  readonly index: number
}

/** The details objects of GetExecutionHistory. Inputs, outputs and parameters are JSON text, as there. */
export interface EventDetails {
  readonly executionStartedEventDetails?: { input: string; inputDetails: Truncation; roleArn: string }
  readonly executionSucceededEventDetails?: { output: string; outputDetails: Truncation }
  readonly executionFailedEventDetails?: Failure
  readonly executionTimedOutEventDetails?: Failure
  readonly executionAbortedEventDetails?: Failure
  readonly stateEnteredEventDetails?: { name: string; input: string; inputDetails: Truncation }
  readonly stateExitedEventDetails?: {
    name: string
    output: string
    outputDetails: Truncation
    assignedVariables?: Record<string, string>
    assignedVariablesDetails?: Truncation
  }
  readonly taskScheduledEventDetails?: OfResource & {
    region: string
    parameters: string
    timeoutInSeconds?: number
    heartbeatInSeconds?: number
  }
  readonly taskStartedEventDetails?: OfResource
  readonly taskSubmittedEventDetails?: OfResource & { output: string; outputDetails: Truncation }
  readonly taskSucceededEventDetails?: OfResource & { output: string; outputDetails: Truncation }
  readonly taskFailedEventDetails?: OfResource & Failure
  readonly taskTimedOutEventDetails?: OfResource & Failure
  readonly mapStateStartedEventDetails?: { length: number }
  readonly mapIterationStartedEventDetails?: Iteration
  readonly mapIterationSucceededEventDetails?: Iteration
  readonly mapIterationFailedEventDetails?: Iteration
  readonly mapIterationAbortedEventDetails?: Iteration
  readonly mapRunStartedEventDetails?: { mapRunArn: string }
  readonly mapRunFailedEventDetails?: Failure
  readonly evaluationFailedEventDetails?: Failure & { location: string; state: string }
}

/** One event as GetExecutionHistory gives it. */
export interface HistoryEvent extends EventDetails {
  readonly id: number
  readonly previousEventId: number
  readonly timestamp: Date
  readonly type: HistoryEventType
}

/** The last event of one chain: the execution's, or one branch's. */
export interface Cursor {
  previous: number
}

export const WHOLE: Truncation = { truncated: false }

/** The error and cause of an event: absent when there is none. */
export function failure(error: StateError): Failure {
  return {
    ...(typeof error.error === 'string' ? { error: error.error } : {}),
    ...(typeof error.detail === 'string' ? { cause: error.detail } : {}),
  }
}

/** Step Functions ends an execution that is longer than this. */
const MAX_EVENTS = 25_000

/** Numbers the events of one execution and hands them on; it keeps none. */
export class History {
  readonly #clock: Clock
  readonly #onEvent: (event: HistoryEvent) => void
  #last = 0

  constructor(clock: Clock, onEvent: (event: HistoryEvent) => void) {
    this.#clock = clock
    this.#onEvent = onEvent
  }

  /** The event follows the chain and is its new end. Gives the event's id. */
  append(cursor: Cursor, type: HistoryEventType, details: EventDetails = {}): number {
    cursor.previous = this.note(cursor.previous, type, details)
    return cursor.previous
  }

  /** The event names the one before it, but nothing follows it. Gives the event's id. */
  note(previousEventId: number, type: HistoryEventType, details: EventDetails = {}): number {
    this.#last += 1
    this.#onEvent({ id: this.#last, previousEventId, timestamp: this.#clock.now(), type, ...details })
    return this.#last
  }

  /** Asked before a state is entered. Throws `States.Runtime`, which nothing catches, at the quota of events. */
  requireRoom(): void {
    if (this.#last < MAX_EVENTS) return
    throw new StateError(
      'States.Runtime',
      `The execution reached the maximum number of history events (${MAX_EVENTS}).`,
    )
  }
}
