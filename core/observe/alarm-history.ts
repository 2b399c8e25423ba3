import type { AlarmChange } from '#core/ports.ts'

/** Two records of one change may differ by what their writers' clocks do. */
const SAME_CHANGE_MS = 5_000
const HOUR = 3_600_000
/** So often within an hour is flapping. */
const FLAPPING = 3

export const isSameChange = (a: string, b: string): boolean => Math.abs(Date.parse(a) - Date.parse(b)) <= SAME_CHANGE_MS

/** When the alarm that went off at that time left ALARM again; `null` while it has not, or as far as one can tell. */
export const endOf = (changes: readonly AlarmChange[], at: string): string | null =>
  changes.find((change) => change.from === 'ALARM' && Date.parse(change.at) > Date.parse(at))?.at ?? null

export interface Flapping {
  readonly alarm: string
  /** How often it went off in the window. */
  readonly times: number
  /** The most times within one hour. */
  readonly withinAnHour: number
  readonly flapping: boolean
}

export const flappingOf = (alarm: string, changes: readonly AlarmChange[]): Flapping => {
  const times = changes.filter(({ to }) => to === 'ALARM').map(({ at }) => Date.parse(at))
  const withinAnHour = times.reduce(
    (most, start) => Math.max(most, times.filter((time) => time >= start && time < start + HOUR).length),
    0,
  )
  return { alarm, times: times.length, withinAnHour, flapping: withinAnHour >= FLAPPING }
}
