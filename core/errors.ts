/**
 * What an error means for the person on call; decides the exit code of the CLI.
 *
 * - `usage`: the input or the plan is wrong; nothing was tried
 * - `refused`: a precondition of safety does not hold (drift, coverage, approval); nothing was changed
 * - `busy`: another rollback of this plan holds the lease
 * - `unreachable`: a service did not answer; the outcome of the last call may be unknown
 * - `failed`: the work itself failed
 */
export const ERROR_CATEGORIES = ['usage', 'refused', 'busy', 'unreachable', 'failed'] as const
export type ErrorCategory = (typeof ERROR_CATEGORIES)[number]

/**
 * An error for the reader of the state machine: `name` is what a Catch sees (`Postgres.LockNotAvailable`,
 * `Snapshot.Incomplete`), `message` quotes the offending value, `fix` says what to do.
 */
export class RollbackError extends Error {
  override readonly name: string
  readonly fix: string
  readonly category: ErrorCategory

  constructor(
    name: `${string}.${string}`,
    message: string,
    options: { fix: string; category?: ErrorCategory; cause?: unknown },
  ) {
    super(`${message} ${options.fix}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = name
    this.fix = options.fix
    this.category = options.category ?? 'failed'
  }
}

export const isRollbackError = (error: unknown): error is RollbackError => error instanceof RollbackError

/** What whatever was thrown says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
