import { z } from 'zod'
import { decideKeys } from '#core/decide/keys.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import { PATHS } from '#core/names.ts'
import { printRoute } from '#core/plan/work-of.ts'
import type { Objects } from '#core/ports.ts'

/** `drills/<plan>/<path>.json` (of a scenario `drills/<plan>/partial/<name>.json`) and `drills/<plan>/last.json`: a drill that passed. */
export const PassedDrill = z.strictObject({
  plan: z.string(),
  planDigest: z.string(),
  path: z.enum(PATHS),
  /** Of the path partial: what was drilled of it. */
  scenario: z.string().optional(),
  outcome: z.literal('drill-passed'),
  /** Where it was drilled: not where its record lies. */
  environment: z.string(),
  incident: z.string(),
  /** ISO 8601: when it ended. */
  createdAt: z.iso.datetime({ offset: true }),
})
export type PassedDrill = z.infer<typeof PassedDrill>

/** Keeps a drill that passed, as the last one and as the last one of its path. */
export const recordDrill = async (objects: Objects, drill: PassedDrill): Promise<void> => {
  for (const key of [decideKeys.drill(drill.plan, printRoute(drill)), keys.lastDrill(drill.plan)])
    await writeJson(objects, key, drill)
}

/**
 * The last passed drill of a route (`partial`, `partial/provider-switch`); `null` when there is none, or none that can be understood. That of another path proves
 * nothing about this one. Throws `Bucket.*`.
 */
export const readDrill = async (objects: Objects, plan: string, route: string): Promise<PassedDrill | null> => {
  const found = await readJson(objects, decideKeys.drill(plan, route)).catch((error: unknown) => {
    if (error instanceof SyntaxError) return null
    throw error
  })
  return PassedDrill.safeParse(found?.value).data ?? null
}

/** Whether a drill passed so lately that it still counts. Milliseconds. */
export const passedWithin = (drill: PassedDrill | null, within: number, now: Date): boolean =>
  drill !== null && now.getTime() - Date.parse(drill.createdAt) <= within
