import { NAMESPACE } from '#core/probe/metric.ts'

/** What the product says of itself, by plan. Names of signals have no underscore: these are none. */
export const HEALTH_METRICS = {
  /** Days since the newest snapshot was sealed. Missing while there is none. */
  snapshotAge: { name: 'snapshot_age', unit: 'None' },
  /** Of everything below `snapshots/<plan>/`. */
  snapshotBytes: { name: 'snapshot_bytes', unit: 'Bytes' },
  /** Paths of the decision table that no drill has passed within the time of the plan. */
  drillsOverdue: { name: 'drills_overdue', unit: 'Count' },
  /** From the change of an alarm to its flags being safe, one value for each that was contained. */
  timeToContain: { name: 'time_to_contain', unit: 'Seconds' },
} as const

export interface HealthMetric {
  readonly namespace: typeof NAMESPACE
  readonly name: string
  readonly unit: string
  readonly dimensions: { readonly Environment: string; readonly Plan: string }
}

export const healthMetric = (
  which: keyof typeof HEALTH_METRICS,
  plan: { readonly name: string },
  environment: string,
): HealthMetric => ({
  namespace: NAMESPACE,
  ...HEALTH_METRICS[which],
  dimensions: { Environment: environment, Plan: plan.name },
})
