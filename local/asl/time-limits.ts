import type { Clock } from '#core/ports.ts'
import { StateError } from './state-error.ts'
import { pause } from './time.ts'

/** Seconds; absent is no limit. */
export interface Limits {
  readonly timeout: number | undefined
  readonly heartbeat: number | undefined
}

/** The watch over one attempt of a task. Neither of its time-outs has a cause. */
export interface TaskWatch {
  /** Only ever rejects: with `States.Timeout`, or with the reason of the signal. */
  watch(signal: AbortSignal): Promise<never>
  /** Begins the time between two heartbeats anew; the time-out is not moved. */
  onHeartbeat(): void
}

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

export function taskWatch(clock: Clock, { timeout, heartbeat }: Limits): TaskWatch {
  let beat = new AbortController()

  const timesOut = async (signal: AbortSignal): Promise<never> => {
    if (timeout === undefined) return never(signal)
    await pause(clock, timeout, signal)
    throw new StateError('States.Timeout')
  }

  const missesHeartbeat = async (signal: AbortSignal): Promise<never> => {
    if (heartbeat === undefined) return never(signal)
    for (;;) {
      beat = new AbortController()
      const beaten = beat.signal
      try {
        await pause(clock, heartbeat, AbortSignal.any([signal, beaten]))
      } catch (reason) {
        if (signal.aborted || !beaten.aborted) throw reason
        continue
      }
      throw new StateError('States.Timeout', undefined, ['States.HeartbeatTimeout'])
    }
  }

  return {
    watch: (signal) => Promise.race([timesOut(signal), missesHeartbeat(signal)]),
    onHeartbeat: () => beat.abort(new Error('heartbeat')),
  }
}
