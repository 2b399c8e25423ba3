import { setTimeout } from 'node:timers/promises'
import type { Clock } from '#core/ports.ts'

/** The real clock, for tests against a server that has its own. */
export const realClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
}

/** A clock that moves only when it is told to, by milliseconds. */
export const steppedClock = (start = '2026-11-01T00:00:00.000Z') => {
  let now = Date.parse(start)
  return {
    now: () => new Date(now),
    step: (milliseconds: number): void => {
      now += milliseconds
    },
  }
}
