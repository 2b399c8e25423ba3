import type { Spread } from '#core/baseline/document.ts'

/** Median and 95th percentile by nearest rank; `null` of nothing. */
export const spreadOf = (values: readonly number[]): Spread | null => {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = (percent: number): number => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0
  return sorted.length === 0 ? null : { p50: rank(50), p95: rank(95), samples: sorted.length }
}
