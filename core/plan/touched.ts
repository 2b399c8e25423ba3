import { stepsOfKind } from './every-step.ts'
import { resolveFlag, resolveRamp } from './load.ts'
import { inEnvironment } from './parameter-name.ts'
import type { PlanFile } from './schema.ts'

/** The plan's part that says what is touched. */
type Touching = Pick<PlanFile, 'paths' | 'flags'>

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort()

/** SSM parameters that the steps of a plan name, resolved for an environment; folders end with `/`. */
export interface TouchedParameters {
  readonly folders: readonly string[]
  readonly names: readonly string[]
}

/** What `restore-config` steps put back. */
export const restoredParameters = (plan: Touching, environment: string): TouchedParameters => {
  const steps = stepsOfKind(plan, 'restore-config')
  const filled = (names: readonly string[]) => unique(names.map((name) => inEnvironment(name, environment)))
  return {
    folders: filled(steps.flatMap(({ path }) => path ?? [])),
    names: filled(steps.flatMap(({ parameters }) => parameters ?? [])),
  }
}

/** What `throttle` steps set and put back. */
export const throttledParameters = (plan: Touching, environment: string): string[] =>
  unique(
    stepsOfKind(plan, 'throttle')
      .flatMap(({ set, back }) => [...Object.keys(set ?? {}), ...(back ?? [])])
      .map((name) => inEnvironment(name, environment)),
  )

/** The parameters of a plan's flags and of their percentages: containment's own, and nobody else's to put back. */
export const flagParameters = (plan: Pick<PlanFile, 'flags'>, environment: string): string[] =>
  unique(
    Object.keys(plan.flags).flatMap((flag) => {
      const ramp = resolveRamp(plan, flag, environment)
      return [resolveFlag(plan, flag, environment), ...(ramp === null ? [] : [ramp])]
    }),
  )
