import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#core/ports.ts'

/** The wall clock, and a way past a retention of days: a drill travels, nothing waits. */
export interface TravellingClock extends Clock {
  /** Moves `now` on by that many milliseconds. */
  travel(milliseconds: number): void
}

export const travellingClock = (): TravellingClock => {
  let offset = 0
  return {
    now: () => new Date(Date.now() + offset),
    sleep: async (milliseconds, signal) => {
      await sleep(milliseconds, undefined, signal ? { signal } : {})
    },
    travel: (milliseconds) => {
      offset += milliseconds
    },
  }
}
