import type { Expression as CompiledExpression } from 'jsonata'
import type { Json } from './json.ts'

/** A number, or the text of an expression that gives one. */
export type NumberOrExpression = number | string
export type Assign = { readonly [variable: string]: Json }

/** The states of a machine, of a branch of a Parallel or of the processor of a Map. */
export interface Flow {
  readonly StartAt: string
  readonly States: { readonly [name: string]: State }
  readonly Comment?: string | undefined
}

export interface Machine extends Flow {
  readonly QueryLanguage: 'JSONata'
  readonly TimeoutSeconds?: number | undefined
  readonly Version?: '1.0' | undefined
}

/** Where a state goes, with what it leaves behind. */
export interface Settling {
  readonly Assign?: Assign | undefined
  readonly Output?: Json | undefined
}

interface Common {
  readonly Comment?: string | undefined
  readonly QueryLanguage?: 'JSONata' | undefined
}

interface Transition extends Settling {
  readonly Next?: string | undefined
  readonly End?: true | undefined
}

export interface Retrier {
  readonly ErrorEquals: readonly string[]
  readonly IntervalSeconds?: number | undefined
  readonly MaxAttempts?: number | undefined
  readonly BackoffRate?: number | undefined
  readonly MaxDelaySeconds?: number | undefined
  readonly JitterStrategy?: 'FULL' | 'NONE' | undefined
  readonly Comment?: string | undefined
}

export interface Catcher extends Settling {
  readonly ErrorEquals: readonly string[]
  readonly Next: string
  readonly Comment?: string | undefined
}

interface Fallible {
  readonly Retry?: readonly Retrier[] | undefined
  readonly Catch?: readonly Catcher[] | undefined
}

export interface PassState extends Common, Transition {
  readonly Type: 'Pass'
}

export const INVOKE = 'arn:aws:states:::lambda:invoke'
export const INVOKE_AND_WAIT = 'arn:aws:states:::lambda:invoke.waitForTaskToken'

export interface TaskState extends Common, Transition, Fallible {
  readonly Type: 'Task'
  readonly Resource: typeof INVOKE | typeof INVOKE_AND_WAIT
  readonly Arguments: { readonly FunctionName: string; readonly Payload?: Json | undefined }
  readonly TimeoutSeconds?: NumberOrExpression | undefined
  readonly HeartbeatSeconds?: NumberOrExpression | undefined
}

export interface ChoiceRule extends Settling {
  readonly Condition: string | boolean
  readonly Next: string
  readonly Comment?: string | undefined
}

export interface ChoiceState extends Common, Settling {
  readonly Type: 'Choice'
  readonly Choices: readonly ChoiceRule[]
  readonly Default?: string | undefined
}

export interface WaitState extends Common, Transition {
  readonly Type: 'Wait'
  readonly Seconds?: NumberOrExpression | undefined
  readonly Timestamp?: string | undefined
}

export interface SucceedState extends Common {
  readonly Type: 'Succeed'
  readonly Output?: Json | undefined
}

export interface FailState extends Common {
  readonly Type: 'Fail'
  readonly Error?: string | undefined
  readonly Cause?: string | undefined
}

export interface ParallelState extends Common, Transition, Fallible {
  readonly Type: 'Parallel'
  readonly Branches: readonly Flow[]
  readonly Arguments?: Json | undefined
}

export interface ItemProcessor extends Flow {
  readonly ProcessorConfig?:
    | { readonly Mode: 'INLINE' }
    | { readonly Mode: 'DISTRIBUTED'; readonly ExecutionType: 'STANDARD' }
    | undefined
}

export interface ItemReader {
  readonly Resource: 'arn:aws:states:::s3:getObject'
  readonly ReaderConfig: { readonly InputType: 'JSON' }
  readonly Arguments: { readonly Bucket: string; readonly Key: string }
}

/** Without a WriterConfig: the children as they ended, with what they were given and gave, one file for each way to end. */
export interface ResultWriter {
  readonly Resource: 'arn:aws:states:::s3:putObject'
  readonly Arguments: { readonly Bucket: string; readonly Prefix: string }
}

export interface MapState extends Common, Transition, Fallible {
  readonly Type: 'Map'
  readonly Items?: Json | undefined
  readonly ItemReader?: ItemReader | undefined
  readonly ItemSelector?: Json | undefined
  readonly ItemProcessor: ItemProcessor
  readonly MaxConcurrency?: NumberOrExpression | undefined
  readonly ToleratedFailurePercentage?: NumberOrExpression | undefined
  readonly ToleratedFailureCount?: NumberOrExpression | undefined
  readonly ResultWriter?: ResultWriter | undefined
  readonly Label?: string | undefined
}

export type FallibleState = TaskState | ParallelState | MapState
export type State = FallibleState | PassState | ChoiceState | WaitState | SucceedState | FailState

/** A definition that has passed every check, with its expressions compiled. Made by `loadStateMachine` only. */
export interface StateMachine {
  readonly definition: Machine
  /** By the text between `{%` and `%}`, trimmed. */
  readonly expressions: ReadonlyMap<string, CompiledExpression>
}
