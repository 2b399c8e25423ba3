import type { PassedDrill } from '#core/decide/drill.ts'
import { decideKeys } from '#core/decide/keys.ts'
import { writeJson } from '#core/json.ts'
import { printRoute, routesOf } from '#core/plan/work-of.ts'
import type { Clock, Objects } from '#core/ports.ts'
import { planFolder } from '#functions/plans.ts'

/**
 * A stack that goes with its folder is practice, and nothing real depends on it: what alarms do there by themselves needs no
 * drill before it. Every path of every plan that can be read counts as drilled now; what asks for a drill of the plan as a
 * whole still finds none.
 */
export const countAsDrilled = async (
  objects: Objects,
  clock: Clock,
  { plansDirectory, environment }: { readonly plansDirectory?: string | undefined; readonly environment: string },
): Promise<void> => {
  const plans = planFolder(() => plansDirectory)
  const outcome = 'drill-passed'
  const createdAt = clock.now().toISOString()
  for (const name of await plans.names()) {
    const plan = await plans.load(name).catch(() => null)
    if (!plan) continue
    for (const route of routesOf(plan)) {
      const { name: of, digest: planDigest } = plan
      const drill: PassedDrill = {
        plan: of,
        planDigest,
        ...route,
        outcome,
        environment,
        incident: 'practice',
        createdAt,
      }
      await writeJson(objects, decideKeys.drill(plan.name, printRoute(route)), drill)
    }
  }
}
