import { cloudwatchMetricHistory } from '#aws/metric-history.ts'
import { postgres } from '#aws/postgres.ts'
import { ssmSecrets } from '#aws/secrets.ts'
import { httpServices } from '#aws/services.ts'
import { interruptible } from '#cli/snapshots/interruptible.ts'
import { withSteps } from '#cli/snapshots/steps.ts'
import type { Measurement } from '#core/baseline/document.ts'
import { measureDatabase } from '#core/baseline/measure.ts'
import { measureMetrics } from '#core/baseline/measure-metrics.ts'
import { measureServices } from '#core/baseline/measure-services.ts'
import { RollbackError } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'
import { ServiceUrls } from '#core/plan/services.ts'

export interface MeasuringOptions {
  readonly databaseUrl?: string
  readonly metrics?: boolean
  readonly services?: boolean
  /** Milliseconds. */
  readonly window: number
  readonly runs: number
}

const NOTHING: Measurement = { signals: {}, timings: {}, tables: [], settings: {}, unmeasured: {} }

/** What is measured now, of the database, of the metrics, or of both; and what the database is, for people. */
export const measureNow = async (
  plan: Plan,
  environment: string,
  { databaseUrl, metrics, services, window, runs }: MeasuringOptions,
): Promise<{ readonly measured: Measurement; readonly database: string | null }> => {
  if (databaseUrl === undefined && !metrics && !services)
    throw new RollbackError('Usage.Invalid', 'There is neither "--database-url" nor "--metrics" nor "--services".', {
      fix: 'Say what to measure: --database-url for probes, rows and sizes, --metrics for CloudWatch, --services for requests.',
      category: 'usage',
    })
  const database = databaseUrl === undefined ? null : postgres({ url: databaseUrl })
  const inDatabase =
    database === null
      ? NOTHING
      : await interruptible((signal) =>
          withSteps((shown) =>
            measureDatabase(database, plan, { runs, signal, began: (what) => shown.begin(what, null) }),
          ),
        )
  const now = new Date()
  const inMetrics = metrics
    ? await measureMetrics(
        plan,
        { from: new Date(now.getTime() - window), to: now },
        { metricHistory: cloudwatchMetricHistory(), environment, now },
      )
    : NOTHING
  const inServices = services
    ? await interruptible((signal) =>
        measureServices(plan, runs, {
          services: httpServices(ssmSecrets(), 'loopback'),
          serviceUrls: ServiceUrls.parse(JSON.parse(process.env.SERVICE_URLS || '{}')),
          environment,
          signal,
        }),
      )
    : NOTHING
  return {
    measured: {
      ...inDatabase,
      timings: { ...inDatabase.timings, ...inServices.timings },
      signals: { ...inDatabase.signals, ...inMetrics.signals },
      unmeasured: { ...inDatabase.unmeasured, ...inMetrics.unmeasured, ...inServices.unmeasured },
    },
    database: database?.label ?? null,
  }
}
