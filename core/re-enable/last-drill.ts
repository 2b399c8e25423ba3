import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { readJson } from '#core/json.ts'
import type { PlanName } from '#core/names.ts'
import type { Milliseconds } from '#core/plan/duration.ts'
import type { Objects } from '#core/ports.ts'

/** `drills/<plan>/last.json`, as far as it matters here: how the newest drill ended, and when. */
const LastDrill = z.looseObject({ outcome: z.string(), createdAt: z.iso.datetime({ offset: true }) })

/**
 * Whether the newest drill of the plan passed and is not older than the limit, in milliseconds. No record, one that cannot
 * be read, and one of the future say nothing of a drill.
 */
export const drillPassed = async (
  objects: Objects,
  plan: PlanName,
  { limit, now }: { limit: Milliseconds; now: Date },
): Promise<boolean> => {
  const found = await readJson(objects, keys.lastDrill(plan)).catch((error: unknown) => {
    if (error instanceof SyntaxError) return null
    throw error
  })
  const last = LastDrill.safeParse(found?.value)
  if (!last.success || last.data.outcome !== 'drill-passed') return false
  const age = now.getTime() - Date.parse(last.data.createdAt)
  return age >= 0 && age <= limit
}
