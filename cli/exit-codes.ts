import { type ErrorCategory, isRollbackError } from '#core/errors.ts'

/** What the process ends with. Also in the help text. */
export const EXIT = {
  /** As intended. */
  ok: 0,
  /** Wrong usage, or a plan that cannot be used; nothing was tried. */
  usage: 2,
  /** A precondition of safety does not hold; nothing was changed. */
  refused: 3,
  /** Another rollback of the plan holds the lease. */
  busy: 4,
  /** Something failed, or did not answer; the system stays contained. */
  failed: 5,
  /** It cannot go on without a person. */
  needsHuman: 6,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const OF_CATEGORY: Readonly<Record<ErrorCategory, ExitCode>> = {
  usage: EXIT.usage,
  refused: EXIT.refused,
  busy: EXIT.busy,
  unreachable: EXIT.failed,
  failed: EXIT.failed,
}

/** The exit code of an error by its category; an error that nobody named has failed. */
export const exitCodeOf = (error: unknown): ExitCode =>
  isRollbackError(error) ? OF_CATEGORY[error.category] : EXIT.failed
