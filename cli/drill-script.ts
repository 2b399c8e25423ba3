import type { Path } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'

/** One run of a drill. `title` is for people, `travel` the milliseconds that the clock is moved on before it. */
export interface DrillRun {
  readonly title: string
  readonly path: Path
  readonly scenario?: string
  readonly travel: number
}

const run = (title: string, path: Path, travel = 0): DrillRun => ({ title, path, travel })

const ofScenario = (scenario: string): DrillRun => ({
  title: `partial, scenario ${scenario}`,
  path: 'partial',
  scenario,
  travel: 0,
})

/** What a path needs before it can be drilled, itself last. */
const leadingTo = (path: Path, after: number): DrillRun[] => {
  if (path === 'restore') return [run('full, to have something to restore', 'full'), run('restore by undo', 'restore')]
  if (path === 'purge')
    return [run('full, to have something to purge', 'full'), run('purge, after the retention', 'purge', after)]
  return [run(path, path)]
}

/**
 * The whole way, each path of the plan, with both kinds of restore: flag, partial, full and back by undo, full again,
 * purged after its retention, and back from the snapshot. Every restore ends with the feature on again.
 */
export const drillRuns = (plan: Plan, path: Path | undefined): DrillRun[] => {
  const after = plan.paths.full?.purge.after ?? 0
  if (path) return leadingTo(path, after)
  const { partial, full, restore } = plan.paths
  return [
    run('flag', 'flag'),
    ...(partial ? [run('partial', 'partial')] : []),
    ...(full ? [run('full', 'full')] : []),
    ...(restore ? [run(full ? 'restore by undo, re-enabled' : 'restore, re-enabled', 'restore')] : []),
    ...(full && restore
      ? [
          run('full again', 'full'),
          run('purge, after the retention', 'purge', after),
          run('restore from the snapshot, re-enabled', 'restore'),
        ]
      : []),
  ]
}

/**
 * What is drilled, each on data of its own: the whole way, then one scenario after the other, since every scenario begins
 * with the fault that it is for.
 */
export const drillWays = (plan: Plan, { path, scenario }: { path?: Path; scenario?: string }): DrillRun[][] => {
  if (scenario !== undefined) return [[ofScenario(scenario)]]
  const scenarios = path === undefined || path === 'partial' ? Object.keys(plan.paths.partial?.scenarios ?? {}) : []
  return [drillRuns(plan, path), ...scenarios.map((name) => [ofScenario(name)])]
}
