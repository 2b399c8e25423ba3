import { z } from 'zod'
import { PATHS } from '#core/names.ts'
import { suggestion } from './nearest.ts'
import type { Broken } from './references.ts'
import type { PlanFile } from './schema.ts'
import { Name } from './vocabulary.ts'
import { routesOf } from './work-of.ts'

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

type Week = z.output<typeof Rota>[number]['week']

/** A week of a month, in UTC; the fourth one goes on to the end of the month. */
const weekOf = (year: number, month: number, week: Week): { from: Date; to: Date } => ({
  from: new Date(Date.UTC(year, month, (week - 1) * 7 + 1)),
  to: new Date(week < 4 ? Date.UTC(year, month, week * 7 + 1) : Date.UTC(year, month + 1, 1)),
})

/** The end of the first such week that begins after a drill: until then it has to be drilled again. */
export const nextTurn = (week: Week, drilledAt: Date): Date => {
  const [year, month] = [drilledAt.getUTCFullYear(), drilledAt.getUTCMonth()]
  const own = weekOf(year, month, week)
  return own.from > drilledAt ? own.to : weekOf(year, month + 1, week).to
}

/** Drills of paths and scenarios that the plan does not have. */
export const brokenRota = (plan: PlanFile): Broken[] => {
  const routes = routesOf(plan)
  const drillable = [...new Set(routes.map(({ path }) => path))]
  const scenarios = routes.flatMap(({ scenario }) => scenario ?? [])
  return plan.drill.rota.flatMap(({ path, scenario }, index): Broken[] => {
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
