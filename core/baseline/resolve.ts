import { readBaseline, recordCommand } from '#core/baseline/document.ts'
import { isRollbackError, RollbackError } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'

export interface Resolved {
  /** The same plan with the recorded value where a signal named a baseline; where there is none, the name still. */
  readonly plan: Plan
  /** By signal, why its baseline could not be had: its limit is not known, and nothing else of the plan is touched by it. */
  readonly missing: ReadonlyMap<string, RollbackError>
}

const missingBaseline = (plan: string, signal: string, name: string): RollbackError =>
  new RollbackError('Baseline.Missing', `Signal "${signal}" of plan "${plan}" has no value in baseline "${name}".`, {
    fix: `Record it while all is well: ${recordCommand(plan, name)} (--metrics for signals of CloudWatch), or give the number in the plan.`,
    category: 'usage',
  })

/**
 * Looks up the baselines that signals name (`baseline: recorded`). Whoever compares a measurement with a limit, or shows the
 * limit, goes through here first. Throws `Bucket.*`.
 */
export const withBaselines = async (plan: Plan, objects: Objects): Promise<Resolved> => {
  const missing = new Map<string, RollbackError>()
  const read = new Map<string, ReturnType<typeof readBaseline>>()
  const signals = await Promise.all(
    Object.entries(plan.signals).map(async ([signal, definition]) => {
      const name = definition.baseline
      if (typeof name !== 'string') return [signal, definition] as const
      const reading = read.get(name) ?? readBaseline(objects, plan.name, name)
      read.set(name, reading)
      try {
        const value = (await reading)?.signals[signal]?.p50
        if (value !== undefined) return [signal, { ...definition, baseline: value }] as const
        missing.set(signal, missingBaseline(plan.name, signal, name))
      } catch (error) {
        if (!isRollbackError(error) || error.name !== 'Baseline.Unreadable') throw error
        missing.set(signal, error)
      }
      return [signal, definition] as const
    }),
  )
  return { plan: { ...plan, signals: Object.fromEntries(signals) }, missing }
}
