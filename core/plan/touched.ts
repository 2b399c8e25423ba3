import type { GroupName, SnapshotSource } from '#core/ports-rds.ts'
import { stepsOfKind } from './every-step.ts'
import { resolveFlag, resolveRamp } from './load.ts'
import { inEnvironment } from './parameter-name.ts'
import type { PlanFile } from './schema.ts'
import type { RdsSnapshotInput } from './steps-rds.ts'

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

/** Groups of parameters that steps put back, and which parameters of each. */
export const touchedGroups = (
  plan: Touching,
  environment: string,
): (GroupName & { readonly parameters: string[] })[] => {
  const groups = new Map<string, GroupName & { parameters: string[] }>()
  for (const { group, of, parameters } of stepsOfKind(plan, 'parameter-group')) {
    const name = inEnvironment(group, environment)
    const before = groups.get(`${of}/${name}`)?.parameters ?? []
    groups.set(`${of}/${name}`, { of, group: name, parameters: unique([...before, ...parameters]) })
  }
  return [...groups.values()]
}

/** Clusters whose capacity steps change. */
export const touchedCapacities = (plan: Touching, environment: string): string[] =>
  unique(
    stepsOfKind(plan, 'capacity').flatMap(({ cluster, back }) =>
      [cluster, back].flatMap((name) => (name === undefined ? [] : [inEnvironment(name, environment)])),
    ),
  )

/** Databases that RDS takes a snapshot of. */
export const snapshotSources = (plan: Touching, environment: string): SnapshotSource[] =>
  stepsOfKind(plan, 'rds-snapshot').map((input) => snapshotSource(input, environment))

/** What a `rds-snapshot` step names. */
export const snapshotSource = ({ cluster, instance }: RdsSnapshotInput, environment: string): SnapshotSource =>
  cluster === undefined
    ? { of: 'instance', name: inEnvironment(instance ?? '', environment) }
    : { of: 'cluster', name: inEnvironment(cluster, environment) }
