import type { Clock } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'

/** A lock was not free within the budget, a row was changed by somebody else, a deadlock: nothing was changed. */
const CONTENDED = ['55P03', '40001', '40P01']
const GIVE_UP_MS = 60_000

/**
 * Tries again, for a minute, what did not come through because of others. It gives way each time, so that nobody queues
 * behind it.
 */
export const whileContended = async <T>(
  work: () => Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> => {
  const deadline = clock.now().getTime() + GIVE_UP_MS
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!CONTENDED.includes(sqlState(error) ?? '') || clock.now().getTime() > deadline) throw error
      await clock.sleep(400 + Math.random() * 200, signal)
    }
  }
}
