import type { Plan } from '#core/plan/load.ts'
import type { Moment } from '#core/plan/vocabulary.ts'
import type { WatchTier } from '#core/plan/watch.ts'

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
