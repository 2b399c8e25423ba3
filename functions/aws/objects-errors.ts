import { attemptsOf, fromSdk, httpStatusOf, nameOf } from '#aws/sdk-errors.ts'
import { RollbackError } from '#core/errors.ts'

/** The key is not there. A bucket that is not there has the same status, and is an error. */
export const isMissing = (error: unknown): boolean =>
  httpStatusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket' && nameOf(error) !== 'NoSuchUpload'

/** `doing` names bucket and key; `action` is the IAM action. */
export const bucketError = (error: unknown, doing: string, action: string): RollbackError => {
  if (error instanceof Error && error.message.startsWith('Checksum mismatch')) return mismatch(doing, error)
  if (lostConnection(error)) return stalled(`${doing} broke off`, error)
  const call = {
    doing,
    action,
    unreachable: 'Bucket.Unreachable',
    denied: 'Bucket.Denied',
    rejected: nameOf(error) === 'NoSuchBucket' ? 'Bucket.NoSuchBucket' : 'Bucket.Rejected',
  } as const
  return fromSdk(error, call, 'Check the name of the bucket, its region and its policy.')
}

export const noSuchKey = (bucket: string, key: string, cause: unknown): RollbackError =>
  new RollbackError('Bucket.NoSuchKey', `Bucket "${bucket}" has no "${key}".`, {
    fix: 'Look whether it was written at all, or deleted: a versioned bucket keeps what was.',
    cause,
  })

/** `doing` is a clause, without its full stop. */
export const stalled = (doing: string, cause?: unknown): RollbackError =>
  new RollbackError('Bucket.Unreachable', `${doing}.`, {
    fix: 'Look at the route to S3 (gateway endpoint, AWS_ENDPOINT_URL) and repeat the step.',
    category: 'unreachable',
    cause,
  })

/** Cancelled by the caller, as by a function that is about to time out. */
export const aborted = (doing: string, reason: unknown): RollbackError =>
  new RollbackError('Bucket.Aborted', `${doing} was cancelled (${String(reason)}).`, {
    fix: 'Nothing half-written is left: run the step again.',
    category: 'unreachable',
    cause: reason,
  })

const mismatch = (doing: string, cause: Error): RollbackError =>
  new RollbackError('Bucket.ChecksumMismatch', `${doing} gave other bytes than were stored: ${cause.message}`, {
    fix: 'Repeat it; if it stays, the object is damaged: take an earlier version of it.',
    cause,
  })

/**
 * The body ended early: Node says ECONNRESET or nothing, the SDK's verifying stream only a message. An upload that is
 * unknown at a second attempt was completed, or given up, by the first, whose answer was lost.
 */
const lostConnection = (error: unknown): boolean =>
  error instanceof Error &&
  (/Connection lost|aborted|Premature close/.test(error.message) ||
    (nameOf(error) === 'NoSuchUpload' && attemptsOf(error) > 1))
