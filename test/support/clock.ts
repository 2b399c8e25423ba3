import { setTimeout } from 'node:timers/promises'
import type { Clock } from '#core/ports.ts'

/** The real clock, for tests against a server that has its own. */
export const realClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
}
