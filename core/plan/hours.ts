import { pattern } from './pattern.ts'

const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d'
const FORM = new RegExp(`^${CLOCK}-(${CLOCK}|24:00)$`)

/** Part of every day, in minutes after midnight UTC: from the first to before the last. Over midnight, `from` is the later one. */
export interface Hours {
  readonly from: number
  readonly to: number
}

export const MINUTES_OF_A_DAY = 1_440

const minute = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))

/** `22:00-06:00`, UTC: an alarm comes from machines, and summer time must not move a decision. */
export const HoursText = pattern(
  FORM,
  'a part of the day',
  'Write from and to in UTC, such as "08:00-18:00" or, over midnight, "22:00-06:00".',
).transform((text): Hours => ({ from: minute(text.slice(0, 5)), to: minute(text.slice(6)) }))

export const within = ({ from, to }: Hours, at: number): boolean =>
  from < to ? from <= at && at < to : from <= at || at < to

export const printClock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

export const printHours = ({ from, to }: Hours): string => `${printClock(from)}-${printClock(to)}`

/** Minutes after midnight UTC. `at` is ISO 8601. */
export const minuteOfDay = (at: string): number => {
  const time = new Date(at)
  return time.getUTCHours() * 60 + time.getUTCMinutes()
}
