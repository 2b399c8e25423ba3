import type { Retrier } from './definition.ts'
import { names } from './error-equals.ts'
import type { StateError } from './state-error.ts'

/** Retrying an oversized payload or a broken definition cannot help, and Step Functions' wildcards leave both out. */
const NEVER_BY_WILDCARD = ['States.Runtime', 'States.DataLimitExceeded']

/**
 * The retries that a visit to a state has left. Each retrier counts its own; the first that matches decides, and when
 * it has none left the state fails though a later one would match.
 */
export class RetryBudget {
  readonly #retriers: readonly Retrier[]
  readonly #used: number[]

  constructor(retriers: readonly Retrier[] = []) {
    this.#retriers = retriers
    this.#used = retriers.map(() => 0)
  }

  /** Seconds until the next attempt, or `null` when there is none. `random` in [0, 1) draws the jitter. */
  next(error: StateError, random: () => number): number | null {
    const index = this.#retriers.findIndex(({ ErrorEquals }) => names(ErrorEquals, error, NEVER_BY_WILDCARD))
    const retrier = this.#retriers[index]
    const used = this.#used[index]
    if (retrier === undefined || used === undefined || used >= (retrier.MaxAttempts ?? 3)) return null
    this.#used[index] = used + 1
    const backoff = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** used
    const delay = Math.min(backoff, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY)
    return retrier.JitterStrategy === 'FULL' ? delay * random() : delay
  }
}
