import { counted, duration, size } from '#core/report/figures.ts'

/** Work that is counted in bytes. */
export interface Amount {
  readonly done: number
  /** `null`: nobody knows. */
  readonly total: number | null
  readonly rows?: number
  /** When it began. */
  readonly since: Date
}

/** `210 of 671 MB  100,000 rows  105 MB/s  4.4 s left`; without a total there is no time left to tell. */
export const amountText = ({ done, total, rows, since }: Amount, now: Date): string => {
  const ms = now.getTime() - since.getTime()
  const rate = ms > 0 ? (done / ms) * 1_000 : 0
  const left = total === null || rate === 0 || done >= total ? null : ((total - done) / rate) * 1_000
  return [
    total === null || total === done ? size(done) : `${size(done)} of ${size(total)}`,
    ...(rows === undefined ? [] : [counted(rows, 'row')]),
    ...(rate > 0 ? [`${size(Math.round(rate))}/s`] : []),
    ...(left === null ? [] : [`${duration(left)} left`]),
  ].join('  ')
}
