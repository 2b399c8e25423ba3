import { passedWithin, readDrill } from '#core/decide/drill.ts'
import type { Autonomy } from '#core/plan/autonomy.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Clock, Objects } from '#core/ports.ts'

/**
 * Whether a partial path that gets worse while it is watched goes on to the full one by itself. Whoever said yes to the partial path did
 * not say yes to the full one; and an alarm takes no path by itself that has not passed a drill of late. A drill that cannot be read did not.
 */
export const goesOnToFull = async (
  plan: Plan,
  { byAlarm, rung }: { readonly byAlarm: boolean; readonly rung: Autonomy },
  { objects, clock }: { readonly objects: Objects; readonly clock: Clock },
): Promise<boolean> => {
  if (plan.watch?.escalate !== true || plan.paths.full === undefined || rung !== 'act') return false
  if (!byAlarm) return true
  const drill = await readDrill(objects, plan.name, 'full').catch(() => null)
  return passedWithin(drill, plan.drill.within, clock.now())
}
