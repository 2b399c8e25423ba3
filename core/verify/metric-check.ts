import { messageOf } from '#core/errors.ts'
import type { MetricCheck } from '#core/plan/checks.ts'
import type { MetricFigure } from '#core/plan/checks-metric.ts'
import type { Clock, MetricHistory, MetricName } from '#core/ports.ts'
import type { Verdict } from '#core/verify/run-check.ts'

export interface MetricPorts {
  readonly metricHistory: MetricHistory
  readonly clock: Clock
  readonly environment: string
}

const MINUTE_MS = 60_000

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

/**
 * The figure over whole minutes, exact but for percentiles, of which no sum can be made: the worst minute stands for all. CloudWatch
 * lays longer periods where it likes; minutes are what they are.
 */
const figureOf = async (
  { statistic, ...figure }: Pick<MetricFigure, 'namespace' | 'name' | 'statistic'> & Pick<MetricName, 'dimensions'>,
  worst: 'highest' | 'lowest',
  window: { from: Date; to: Date },
  history: MetricHistory,
): Promise<number | null> => {
  const series = (each: string) => history.series(figure, each, window, MINUTE_MS / 1000)
  if (statistic === 'Average') {
    const [sums, counts] = [await series('Sum'), await series('SampleCount')]
    return total(counts) === 0 ? null : total(sums) / total(counts)
  }
  const values = await series(statistic)
  if (values.length === 0) return null
  if (statistic === 'Sum' || statistic === 'SampleCount') return total(values)
  const highest = statistic === 'Maximum' || (statistic !== 'Minimum' && worst === 'highest')
  return highest ? Math.max(...values) : Math.min(...values)
}

/** A figure of CloudWatch against its limits. `since`: when a watch began; what was before it does not count. */
export const runMetricCheck = async (
  { figure, expect }: MetricCheck,
  since: Date | null,
  { metricHistory, clock, environment }: MetricPorts,
): Promise<Verdict> => {
  const to = Math.ceil((clock.now().getTime() + 1) / MINUTE_MS) * MINUTE_MS
  const began = since === null ? 0 : Math.ceil(since.getTime() / MINUTE_MS) * MINUTE_MS
  const window = { from: new Date(Math.max(to - figure.window, began)), to: new Date(to) }
  const fill = (text: string) => text.replaceAll('{env}', environment)
  const filled = Object.entries(figure.dimensions).map(([key, value]) => [key, fill(value)])
  const named = { ...figure, name: fill(figure.name), dimensions: Object.fromEntries(filled) as Record<string, string> }
  const what = `${figure.statistic} of ${named.namespace}/${named.name} since ${window.from.toISOString()}`
  try {
    const worst = expect.below === null ? 'lowest' : 'highest'
    const value = window.from < window.to ? await figureOf(named, worst, window, metricHistory) : null
    if (value === null) return { status: 'unknown', detail: `${what}: no data` }
    const wanted = [
      ...(expect.above !== null && !(value > expect.above) ? [`above ${expect.above}`] : []),
      ...(expect.below !== null && !(value < expect.below) ? [`below ${expect.below}`] : []),
    ]
    return wanted.length === 0
      ? { status: 'pass', detail: `${what}: ${value}` }
      : { status: 'fail', detail: `${what}: ${value}, not ${wanted.join(' and ')}` }
  } catch (error) {
    return { status: 'unknown', detail: messageOf(error) }
  }
}
