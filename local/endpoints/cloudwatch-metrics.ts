import { z } from 'zod'
import { openJournal, readJournal } from './journal.ts'
import { ApiError } from './json-protocol.ts'

export const Dimensions = z
  .array(z.strictObject({ Name: z.string().min(1), Value: z.string().min(1) }))
  .max(30)
  .default([])
  .transform((dimensions) => Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])))

/** A metric is its namespace, its name and exactly these dimensions. */
export interface MetricId {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
}

const Point = z.object({ metric: z.string(), at: z.number(), value: z.number() })

const idOf = ({ namespace, name, dimensions }: MetricId): string =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))])

/** Raw values of metrics, appended to one file. */
export const storedMetrics = (path: string) => ({
  put(metric: MetricId, at: number, value: number): void {
    const journal = openJournal(path)
    journal.append({ metric: idOf(metric), at, value })
    journal.close()
  },
  /** One value per period that has any: the beginning of the period (ms since 1970) and the statistic over it, oldest first. */
  series(metric: MetricId, from: number, to: number, period: number, statistic: string): [number, number][] {
    const id = idOf(metric)
    const periods = new Map<number, number[]>()
    for (const point of z.array(Point).parse(readJournal(path))) {
      const start = Math.floor(point.at / period) * period
      if (point.metric !== id || start < from || start >= to) continue
      periods.set(start, [...(periods.get(start) ?? []), point.value])
    }
    return [...periods].sort(([a], [b]) => a - b).map(([start, values]) => [start, statisticOf(values, statistic)])
  },
})

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const statisticOf = (values: readonly number[], statistic: string): number => {
  const [, percent] = /^p(\d{1,2}(?:\.\d+)?)$/.exec(statistic) ?? []
  const sorted = values.toSorted((a, b) => a - b)
  if (percent !== undefined) return sorted[Math.max(0, Math.ceil((Number(percent) / 100) * sorted.length) - 1)] ?? 0
  switch (statistic) {
    case 'Average':
      return sum(values) / values.length
    case 'Minimum':
      return sorted[0] ?? 0
    case 'Maximum':
      return sorted.at(-1) ?? 0
    case 'Sum':
      return sum(values)
    case 'SampleCount':
      return values.length
    default:
      throw new ApiError('ValidationError', `The statistic "${statistic}" is not served locally.`)
  }
}
