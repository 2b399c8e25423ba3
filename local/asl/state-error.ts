import type { Json } from './json.ts'

/** What a catcher sees as `$states.errorOutput`. */
export interface ErrorOutput {
  readonly Error: string | null
  readonly Cause: string | null
}

/**
 * A failure that Retry and Catch may see. `undefined` is absent (a Fail without Error has none), `null` is what a token
 * failed without an error carries.
 */
export class StateError extends Error {
  override readonly name = 'StateError'
  readonly error: string | null | undefined
  readonly detail: string | null | undefined
  /** Other names that ErrorEquals may use for it: a missed heartbeat is a `States.HeartbeatTimeout` there, too. */
  readonly aliases: readonly string[]

  constructor(error: string | null | undefined, detail?: string | null, aliases: readonly string[] = []) {
    super(`${error ?? 'no error'}: ${detail ?? 'no cause'}`)
    this.error = error
    this.detail = detail
    this.aliases = aliases
  }

  get output(): ErrorOutput {
    return {
      Error: this.error === undefined ? '' : this.error,
      Cause: this.detail === undefined ? '' : this.detail,
    }
  }
}

/** An expression that threw, returned nothing or returned the wrong type. Recorded as an EvaluationFailed event once. */
export class QueryEvaluationError extends StateError {
  readonly field: string
  recorded = false

  constructor(field: string, detail: string) {
    super('States.QueryEvaluationError', detail)
    this.field = field
  }
}

/** `States.DataLimitExceeded` for a payload over the quota. `what` is the resource type, or the state's name. */
export const dataLimitExceeded = (what: string): StateError =>
  new StateError(
    'States.DataLimitExceeded',
    `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  )

/**
 * What a failed function reports, as the Lambda service does: `errorType` is the name that Retry and Catch see.
 * `trace` is the lines of the stack.
 */
export class LambdaError extends Error {
  override readonly name = 'LambdaError'
  readonly errorType: string
  readonly errorMessage: string
  readonly trace: readonly string[] | undefined

  constructor(errorType: string, errorMessage: string, trace?: readonly string[]) {
    super(`${errorType}: ${errorMessage}`)
    this.errorType = errorType
    this.errorMessage = errorMessage
    this.trace = trace
  }
}

/** The state's failure for whatever a function threw: the cause is the JSON text that the Lambda runtime writes. */
export function fromLambda(thrown: unknown): StateError {
  const { errorType, errorMessage, trace } =
    thrown instanceof LambdaError
      ? thrown
      : thrown instanceof Error
        ? { errorType: thrown.name, errorMessage: thrown.message, trace: undefined }
        : { errorType: 'Lambda.Unknown', errorMessage: String(thrown), trace: undefined }
  const cause: Record<string, Json> = { errorType, errorMessage }
  if (trace !== undefined) cause.trace = [...trace]
  return new StateError(errorType, JSON.stringify(cause))
}
