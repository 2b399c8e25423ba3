import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { rowOf } from '#core/decide/decide.ts'
import { fittingRow } from '#core/plan/compatibility.ts'
import { printDuration } from '#core/plan/duration.ts'
import { loadPlan } from '#core/plan/load.ts'
import { isBeyond } from '#core/plan/signals.ts'
import { containsAtOnce } from '#core/plan/table.ts'
import { printRoute } from '#core/plan/work-of.ts'

const plan = await loadPlan(fileURLToPath(new URL('../../plans/cluster-mode', import.meta.url)))

/** What a signal leads to: severity, path, whether contained at once, by when, who is asked, how far it goes by itself. */
const course = (signal: string) => {
  const { severity } = plan.signals[signal] ?? {}
  const row = severity && rowOf(plan, signal, severity)
  if (!row) return null
  const asked = row.approve.length > 0 ? `after ${row.approve.join(', ')}` : 'unasked'
  const contained = containsAtOnce(row) ? 'contained at once' : 'not contained by itself'
  return `${severity}: ${printRoute(row)}, ${contained}, within ${printDuration(row.within)}, ${asked}, ${row.autonomy ?? 'act'}`
}
const limits = (signal: string, ...values: number[]) => {
  const { limit } = plan.signals[signal] ?? {}
  return limit === undefined ? null : values.map((value) => isBeyond(value, limit))
}

it('corruption and a breach take the store out of reach at once and unasked; a finding asks the security lead first (VEC-03, VEC-13, VEC-16)', () => {
  const level3 = 'critical: full, contained at once, within 30m, unasked, act'
  expect([course('data-corruption'), course('cross-tenant-breach')]).toEqual([level3, level3])
  expect(course('security-finding')).toBe('critical: full, contained at once, within 30m, after security-lead, act')
})

it('broken authentication and more than nine failed requests in ten take the version back at once (VEC-14, VEC-15)', () => {
  const atOnce = 'critical: partial/at-once, contained at once, within 15m, unasked, act'
  expect([course('authentication-broken'), course('requests-failing')]).toEqual([atOnce, atOnce])
  expect(limits('requests-failing', 90, 90.1)).toEqual([false, true])
  expect(plan.signals['requests-failing']?.for).toBe(60_000)
})

it('what is major takes the version back within a quarter of an hour, with its own figures and windows (VEC-02, VEC-17, VEC-18, VEC-19, VEC-20)', () => {
  const level2 = 'high: partial/clients-first, contained at once, within 15m, unasked, act'
  for (const signal of ['error-rate-major', 'latency-p99', 'replication-failing', 'hub-broken'])
    expect([signal, course(signal)]).toEqual([signal, level2])
  expect(limits('error-rate-major', 10, 10.1)).toEqual([false, true])
  expect(limits('latency-p99', 500, 501)).toEqual([false, true])
  expect(['error-rate-major', 'latency-p99'].map((signal) => plan.signals[signal]?.for)).toEqual([300_000, 300_000])
})

it('what is minor proposes the flag, and changes nothing unasked (VEC-01, VEC-21, VEC-22, VEC-23)', () => {
  const level1 = 'medium: flag, not contained by itself, within 5m, after on-call, propose'
  for (const signal of ['error-rate-minor', 'performance-degraded', 'features-broken'])
    expect([signal, course(signal)]).toEqual([signal, level1])
  expect(limits('error-rate-minor', 5, 5.1)).toEqual([false, true])
  expect(plan.signals['error-rate-minor']?.for).toBe(900_000)
  expect(plan.signals['performance-degraded']?.limit).toEqual({ above: 50 })
})

it('the same error rate is three signals, and the worst of them wins (CON-03, CON-26)', () => {
  const rate = (signal: string) => plan.signals[signal]?.source
  expect(rate('requests-failing')).toEqual(rate('error-rate-major'))
  expect(rate('requests-failing')).toEqual(rate('error-rate-minor'))
  expect(
    ['requests-failing', 'error-rate-major', 'error-rate-minor'].map((signal) => plan.signals[signal]?.severity),
  ).toEqual(['critical', 'high', 'medium'])
})

it('slowness alone never moves the store (CON-05)', () => {
  for (const signal of ['latency-p99', 'performance-degraded'])
    expect(plan.decide.filter(({ when }) => when.includes(signal)).map(({ path }) => path)).not.toContain('full')
})

it('a cluster release without its SDK fits nothing, and going back to a standalone one has a word for clients (VEC-67)', () => {
  const { compatibility } = plan
  if (!compatibility) throw new Error('the plan has no matrix')
  expect(fittingRow(compatibility, { vectorizer: '1.8.0', 'hivehub-sdk': null })).toBeNull()
  expect(fittingRow(compatibility, { vectorizer: '1.8.0', 'hivehub-sdk': '1.0.0' })?.clients).toContain('headers')
  expect(fittingRow(compatibility, { vectorizer: '1.7.9', 'hivehub-sdk': null })?.clients).toContain('told')
})

it('a status page is told whenever users notice, and a path that was not drilled for a month acts no more (VEC-46, VEC-64, CON-18, CON-21)', () => {
  const page = plan.webhooks.find(({ name }) => name === 'status-page')
  expect(page?.events).toEqual(expect.arrayContaining(['contained', 'started', 'update', 'rolled-back', 'restored']))
  expect(printDuration(plan.drill.within)).toBe('31d')
})
