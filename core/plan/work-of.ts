import { RollbackError } from '#core/errors.ts'
import { PATHS, type Path } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { suggestion } from './nearest.ts'
import type { PlanFile } from './schema.ts'
import type { PlanStep } from './steps.ts'

/** A path and, of a partial one, the scenario that was chosen. */
export interface Route {
  readonly path: Path
  readonly scenario?: string | undefined
}

/** `partial`, or `partial/provider-switch`: as checks name it, and people read it. A row of the table may only `monitor`. */
export const printRoute = ({
  path,
  scenario,
}: {
  readonly path: Path | 'monitor'
  readonly scenario?: string | undefined
}): string => (scenario === undefined ? path : `${path}/${scenario}`)

/** Everything that can be run of a plan: its paths, the purge of what a full one retires, and its scenarios. */
export const routesOf = ({ paths }: Pick<PlanFile, 'paths'>): Route[] => [
  ...PATHS.filter((path) => paths[path === 'purge' ? 'full' : path] !== undefined).map((path) => ({ path })),
  ...Object.keys(paths.partial?.scenarios ?? {}).map((scenario) => ({ path: 'partial' as const, scenario })),
]

const scenarioOf = (plan: Pick<Plan, 'paths'>, { path, scenario }: Route) => {
  const scenarios = path === 'partial' ? plan.paths.partial?.scenarios : undefined
  return scenario !== undefined && scenarios && Object.hasOwn(scenarios, scenario) ? scenarios[scenario] : undefined
}

/** Throws `Plan.NoSuchScenario`. */
export const requireScenario = (plan: Pick<Plan, 'name' | 'paths'>, route: Route): void => {
  const { path, scenario } = route
  if (scenario === undefined || scenarioOf(plan, route)) return
  const known = Object.keys((path === 'partial' ? plan.paths.partial?.scenarios : undefined) ?? {})
  throw new RollbackError(
    'Plan.NoSuchScenario',
    `The path "${path}" of plan "${plan.name}" has no scenario "${scenario}".`,
    {
      fix: known.length > 0 ? suggestion(scenario, known) : 'Leave the scenario out.',
      category: 'usage',
    },
  )
}

/** The plan's own steps of a route; none where its work is the product's alone. */
export const stepsOf = (plan: Pick<Plan, 'paths'>, route: Route): readonly PlanStep[] => {
  if (route.path === 'partial') return (scenarioOf(plan, route) ?? plan.paths.partial)?.steps ?? []
  return route.path === 'full' ? (plan.paths.full?.steps ?? []) : []
}

/** How long a route may take, in milliseconds; `null` when the plan has no such path. A purge has the time of the full path. */
export const budgetOf = (plan: Pick<Plan, 'paths'>, route: Route): number | null => {
  const path = route.path === 'purge' ? 'full' : route.path
  return (scenarioOf(plan, route) ?? plan.paths[path])?.budget ?? null
}
