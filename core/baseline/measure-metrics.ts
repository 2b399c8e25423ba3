import type { Measurement } from '#core/baseline/document.ts'
import { spreadOf } from '#core/baseline/spread.ts'
import type { Plan } from '#core/plan/load.ts'
import type { MetricHistory, TimeWindow } from '#core/ports.ts'

const DAY_MS = 86_400_000

/** CloudWatch keeps minutes for 15 days, five of them for 63 days, and hours for more than a year. */
const periodFor = ({ from }: TimeWindow, now: Date): number => {
  const age = now.getTime() - from.getTime()
  if (age <= 15 * DAY_MS) return 60
  return age <= 63 * DAY_MS ? 300 : 3_600
}

/**
 * What the metrics of a plan's signals were in a window: median and 95th percentile of the signal's own statistic, as its
 * alarm sees it period by period. Rates are left out: their value grows by itself. Throws `Metric.*`.
 */
export const measureMetrics = async (
  plan: Plan,
  window: TimeWindow,
  { metricHistory, environment, now }: { metricHistory: MetricHistory; environment: string; now: Date },
): Promise<Pick<Measurement, 'signals' | 'unmeasured'>> => {
  const period = periodFor(window, now)
  const measured: Pick<Measurement, 'signals' | 'unmeasured'> = { signals: {}, unmeasured: {} }
  for (const [signal, { source, rate }] of Object.entries(plan.signals)) {
    if (source.kind !== 'metric' || rate !== undefined) continue
    const { namespace, name, statistic } = source.metric
    const dimensions = Object.fromEntries(
      Object.entries(source.metric.dimensions).map(([key, value]) => [key, value.replaceAll('{env}', environment)]),
    )
    const spread = spreadOf(await metricHistory.series({ namespace, name, dimensions }, statistic, window, period))
    if (spread) measured.signals[signal] = spread
    else measured.unmeasured[signal] = `${namespace}/${name} has no data in the window`
  }
  return measured
}
