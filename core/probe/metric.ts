import type { Plan } from '#core/plan/load.ts'
import type { Signal } from '#core/plan/signals.ts'

/** Of every metric that is published for a plan, and of its alarms. */
export const NAMESPACE = 'VectorRollback'

/** Minutes between two rounds of probes: no period of an alarm can be shorter. */
export const PROBE_MINUTES = 1

/** Units of CloudWatch by the names that plans give them. */
const UNITS = {
  seconds: 'Seconds',
  milliseconds: 'Milliseconds',
  microseconds: 'Microseconds',
  bytes: 'Bytes',
  kilobytes: 'Kilobytes',
  megabytes: 'Megabytes',
  gigabytes: 'Gigabytes',
  percent: 'Percent',
  count: 'Count',
  // Lengths of time for which CloudWatch has no name. Everything else that a plan counts in is a count.
  minutes: 'None',
  hours: 'None',
  days: 'None',
} as const
export type MetricUnit = (typeof UNITS)[keyof typeof UNITS]

const isKnown = (unit: string): unit is keyof typeof UNITS => Object.hasOwn(UNITS, unit)

/** The unit of what is measured. Against a baseline a plan gives percent, and does not say what the baseline is in. */
const unitOf = ({ unit, baseline }: Pick<Signal, 'unit' | 'baseline'>): MetricUnit => {
  const text = unit?.toLowerCase()
  if (text === undefined || baseline !== undefined) return 'None'
  return isKnown(text) ? UNITS[text] : 'Count'
}

/** Where a value is published, and where its alarm finds it. */
export interface Metric {
  readonly namespace: typeof NAMESPACE
  readonly name: string
  readonly dimensions: { readonly Environment: string; readonly Plan: string }
  readonly unit: MetricUnit
}

const metric = (plan: Pick<Plan, 'name'>, environment: string, name: string, unit: MetricUnit): Metric => ({
  namespace: NAMESPACE,
  name,
  dimensions: { Environment: environment, Plan: plan.name },
  unit,
})

/** 1 when the probes of a plan could not connect, 0 when they could. Names of signals have no underscore. */
export const connectMetric = (plan: Pick<Plan, 'name'>, environment: string): Metric =>
  metric(plan, environment, 'connect_failed', 'Count')

/** How long each probe of a plan took: the maximum is the slowest, the sum the whole round. */
export const durationMetric = (plan: Pick<Plan, 'name'>, environment: string): Metric =>
  metric(plan, environment, 'probe_duration', 'Milliseconds')

/** The metric of a signal that probes measure; `null` for one that is measured elsewhere, or is none of the plan's. */
export const probeMetric = (
  plan: Pick<Plan, 'name' | 'signals'>,
  signal: string,
  environment: string,
): Metric | null => {
  const known = Object.hasOwn(plan.signals, signal) ? plan.signals[signal] : undefined
  if (known?.source.kind === 'connect') return connectMetric(plan, environment)
  return known?.source.kind === 'probe' ? metric(plan, environment, signal, unitOf(known)) : null
}
