import { z } from 'zod'
import { PATHS } from '#core/names.ts'
import { suggestion } from './nearest.ts'
import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import { Name } from './vocabulary.ts'

/** What is drilled in which week of a month. */
export const Rota = z
  .array(
    z.strictObject({
      week: z.int().min(1).max(4).describe('Week of the month, from its first day on.'),
      path: z.enum(PATHS).describe('The path that is drilled.'),
      scenario: Name.optional().describe('Of the path partial: the scenario; its own steps when it is not given.'),
    }),
  )
  .default([])
  .describe('Who keeps to it drills one procedure after the other: vector-rollback drill <plan> --path <path>.')

/** Drills of paths and scenarios that the plan does not have. */
export const brokenRota = ({ drill: { rota }, paths }: PlanFile): Broken[] => {
  const known = ['flag', ...(['partial', 'full', 'restore'] as const).filter((path) => paths[path] !== undefined)]
  const drillable = paths.full ? [...known, 'purge'] : known
  const scenarios = Object.keys(paths.partial?.scenarios ?? {})
  return rota.flatMap(({ path, scenario }, index): Broken[] => {
    const at = (key: string) => ['drill', 'rota', index, key]
    if (!drillable.includes(path))
      return [{ path: at('path'), message: `This plan has no path "${path}".`, fix: suggestion(path, drillable) }]
    if (scenario === undefined || (path === 'partial' && scenarios.includes(scenario))) return []
    return [
      {
        path: at('scenario'),
        message: `"${scenario}" is not a scenario of the path ${path} of this plan.`,
        fix: path === 'partial' ? suggestion(scenario, scenarios) : 'Leave the scenario out.',
      },
    ]
  })
}
