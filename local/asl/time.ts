import type { Clock } from '#core/ports.ts'

/** The longest sleep of a timer of Node; a longer one would fire at once. Milliseconds. */
const LONGEST_MS = 2 ** 31 - 1

/** Sleeps until that many seconds are over. Rejects with the signal's reason when it aborts. */
export async function pause(clock: Clock, seconds: number, signal: AbortSignal): Promise<void> {
  for (let left = seconds * 1000; left > 0; left -= LONGEST_MS) {
    await abortable(clock.sleep(Math.min(left, LONGEST_MS), signal), signal)
  }
}

/**
 * The promise, or the signal's reason as soon as it aborts, whatever the promise makes of the signal. A rejection that
 * comes later is nobody's.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason)
    promise
      .then(resolve, (error) => reject(signal.aborted ? signal.reason : error))
      .finally(() => {
        signal.removeEventListener('abort', abort)
      })
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

/**
 * Runs `work` against a watch: whichever settles first decides. The watch is stopped when the work is over; the work's
 * signal aborts when the watch has rejected, and when `signal` aborts.
 */
export async function against<T>(
  signal: AbortSignal,
  watch: (signal: AbortSignal) => Promise<never>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const watching = new AbortController()
  const working = new AbortController()
  const workSignal = AbortSignal.any([signal, working.signal])
  try {
    return await Promise.race([
      abortable(work(workSignal), workSignal),
      watch(AbortSignal.any([signal, watching.signal])),
    ])
  } catch (error) {
    working.abort(error)
    throw error
  } finally {
    watching.abort(new Error('the work is over'))
  }
}
