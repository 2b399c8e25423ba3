import type { Plan } from '#core/plan/load.ts'
import type { Moment } from '#core/plan/vocabulary.ts'
import type { WatchTier } from '#core/plan/watch.ts'
import { checksAfter } from '#core/verify/verification.ts'

/** A step of the ramp is watched evenly; after a path, the plan says how. */
export const tiersOf = (plan: Plan, after: Moment): readonly WatchTier[] | undefined => {
  const ramp = plan.paths.restore?.reEnable.ramp
  if (after !== 're-enable') return plan.watch?.tiers
  return ramp && [{ until: ramp.hold, every: ramp.every, checks: null }]
}

/** Where a watch stands: its tier, the last one when its time is over, and milliseconds since it began. */
export const tierAt = (tiers: readonly WatchTier[], since: string, now: Date) => {
  const elapsed = Math.max(0, now.getTime() - Date.parse(since))
  const index = tiers.findIndex(({ until }) => elapsed < until)
  return { index, tier: tiers.at(index), elapsed }
}

/**
 * What a look asks: the checks of its tier, without those that follow other paths alone and would fail here, such as a search
 * in tables that are out of reach. All that follow the path, where that leaves none.
 */
export const checksOfTier = (plan: Plan, tier: WatchTier | undefined, after: Moment, scenario?: string): string[] => {
  const following = checksAfter(plan, after, scenario)
  const own = (tier?.checks ?? []).filter((name) => following.includes(name) || plan.checks[name]?.after.length === 0)
  return own.length > 0 ? own : following
}
