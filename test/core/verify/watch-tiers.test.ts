import { beforeAll, expect, test } from 'vitest'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { WatchTier } from '#core/plan/watch.ts'
import { checksOfTier } from '#core/verify/watch-tiers.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'

let plan: Plan
beforeAll(async () => {
  plan = await loadPlan(PLAN_FOLDER)
})
const tier = (checks: string[] | null): WatchTier => ({ until: 5 as never, every: 1 as never, checks })

test('a tier asks its own checks, without those that follow other paths alone', () => {
  const both = tier(['flag-is-off', 'text-search-answers', 'tables-out-of-sight'])
  expect(checksOfTier(plan, both, 'partial')).toEqual(['flag-is-off', 'text-search-answers'])
  expect(checksOfTier(plan, both, 'full')).toEqual(['flag-is-off', 'tables-out-of-sight'])
})

test('a check that no path is followed by is asked by the tier that names it', () => {
  const { 'flag-is-off': check } = plan.checks
  const own = { ...plan, checks: { ...plan.checks, 'of-the-watch': { ...check, after: [] } as never } }
  expect(checksOfTier(own, tier(['of-the-watch']), 'full')).toEqual(['of-the-watch'])
})

test('a tier that names none, or none of this path, asks all that follow it: never nothing', () => {
  const all = checksOfTier(plan, tier(null), 'flag')
  expect(all.length).toBeGreaterThan(1)
  expect(checksOfTier(plan, undefined, 'flag')).toEqual(all)
  expect(checksOfTier(plan, tier(['tables-out-of-sight']), 'flag')).toEqual(all)
})
