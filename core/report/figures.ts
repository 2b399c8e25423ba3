const unit = (value: number, name: string) => `${value} ${name}`
const pair = (whole: number, big: string, rest: number, small: string) =>
  rest === 0 ? unit(whole, big) : `${unit(whole, big)} ${unit(rest, small)}`

/** Milliseconds for people: `840 ms`, `4.2 s`, `42 s`, `3 min 12 s`, `2 h 5 min`, `7 d`. */
export const duration = (milliseconds: number): string => {
  const ms = Math.round(milliseconds)
  if (ms < 1_000) return unit(ms, 'ms')
  if (ms < 9_950) return unit(Number((ms / 1_000).toFixed(1)), 's')
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return unit(seconds, 's')
  if (seconds < 3_600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 2_880) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

const SIZES = ['kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes in powers of ten, as AWS and `ls --si` print them: `671 MB`. */
export const size = (bytes: number): string => {
  let value = bytes
  let name: string = 'bytes'
  for (const next of SIZES) {
    if (value < 999.5) break
    value /= 1_000
    name = next
  }
  return unit(name === 'bytes' || value >= 9.95 ? Math.round(value) : Number(value.toFixed(1)), name)
}

export const count = (value: number): string => value.toLocaleString('en-US')

/** `1 row`, `2,000 rows`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** `2026-11-21`, in UTC as every time in a report. */
export const day = (iso: string): string => new Date(iso).toISOString().slice(0, 10)
/** `03:12:07`, in UTC. */
export const clock = (iso: string): string => new Date(iso).toISOString().slice(11, 19)
/** `2026-11-21 03:12:07 UTC` */
export const moment = (iso: string): string => `${day(iso)} ${clock(iso)} UTC`
/** A time as people read it; what is no time is words already: "before the next release". */
export const momentOrWords = (text: string): string =>
  /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)) ? moment(text) : text
