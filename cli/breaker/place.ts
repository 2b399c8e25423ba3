import { setTimeout } from 'node:timers/promises'
import { findPlan } from '#cli/plans.ts'
import { atPlace, type PlaceOptions } from '#cli/snapshots/place.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Clock, Objects } from '#core/ports.ts'

export interface BreakerOptions extends PlaceOptions {
  readonly plans?: string
  readonly json?: boolean
}

const clock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await setTimeout(milliseconds, undefined, signal ? { signal } : {})
  },
}

/** Where the breaker of a plan is. A plan that is not there has none: a mistyped name is refused. */
export const atBreaker = async <T>(
  planName: string,
  options: BreakerOptions,
  work: (plan: Plan, ports: { readonly objects: Objects; readonly clock: Clock }) => Promise<T>,
): Promise<T> => {
  const plan = await loadPlan(await findPlan(planName, options.plans))
  return atPlace(options, 'look', ({ objects }) => work(plan, { objects, clock }))
}
