import type { Clock } from '#core/ports.ts'

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/** A clock that stands still until it is told to go on to the next timer. */
export class FakeClock implements Clock {
  #now = Date.parse('2026-11-01T00:00:00.000Z')
  #timers: Timer[] = []

  now(): Date {
    return new Date(this.#now)
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = { at: this.#now + milliseconds, fire: resolve }
      const abort = () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
        reject(signal?.reason)
      }
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#timers.push(timer)
    })
  }

  /** Timers that nobody stopped. */
  get pending(): number {
    return this.#timers.length
  }

  /** Fires the earliest timer. `false` when there is none. */
  advance(): boolean {
    const next = this.#timers.toSorted((a, b) => a.at - b.at)[0]
    if (next === undefined) return false
    this.#timers = this.#timers.filter((timer) => timer !== next)
    this.#now = Math.max(this.#now, next.at)
    next.fire()
    return true
  }

  /** Lets time pass, whenever nothing else is to be done, until the promise settles. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const end = () => {
      settled = true
    }
    promise.then(end, end)
    for (let idle = 0; !settled; ) {
      await new Promise(setImmediate)
      idle = settled || this.advance() ? 0 : idle + 1
      if (idle > 1_000) throw new Error('nothing is left to be done, and the promise has not settled')
    }
    return promise
  }
}
