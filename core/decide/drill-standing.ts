import { readDrill } from '#core/decide/drill.ts'
import type { Plan } from '#core/plan/load.ts'
import { nextTurn } from '#core/plan/rota.ts'
import { printRoute, routesOf } from '#core/plan/work-of.ts'
import type { Objects } from '#core/ports.ts'

/** When a path or a scenario was last proved, and until when it has to be proved again. */
export interface DrillStanding {
  readonly plan: string
  /** `full`, or `partial/provider-switch`. */
  readonly route: string
  /** The last drill that passed; `null`: none that is known. */
  readonly proved: {
    readonly at: string
    readonly incident: string
    /** Whether the plan was then, to the letter, what it is now. */
    readonly samePlan: boolean
  } | null
  /** The weeks of a month in which the rota has it. */
  readonly weeks: readonly number[]
  /** ISO 8601: by the age that the plan allows, or by its rota, whichever is earlier; `null` when it was never proved. */
  readonly dueAt: string | null
  readonly overdue: boolean
}

/** Of every path and scenario of a plan. Reads the bucket and changes nothing. Throws `Bucket.*`. */
export const drillStandings = (objects: Objects, plan: Plan, now: Date): Promise<DrillStanding[]> =>
  Promise.all(
    routesOf(plan).map(async (one): Promise<DrillStanding> => {
      const route = printRoute(one)
      const weeks = plan.drill.rota.filter((turn) => printRoute(turn) === route).map(({ week }) => week)
      const drill = await readDrill(objects, plan.name, route)
      if (!drill) return { plan: plan.name, route, proved: null, weeks, dueAt: null, overdue: true }
      const at = new Date(drill.createdAt)
      const due = Math.min(at.getTime() + plan.drill.within, ...weeks.map((week) => nextTurn(week, at).getTime()))
      return {
        plan: plan.name,
        route,
        proved: { at: at.toISOString(), incident: drill.incident, samePlan: drill.planDigest === plan.digest },
        weeks,
        dueAt: new Date(due).toISOString(),
        overdue: due <= now.getTime(),
      }
    }),
  )
