import { z } from 'zod'
import { decideKeys } from '#core/decide/keys.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import { PATHS } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

/** `drills/<plan>/<path>.json` and `drills/<plan>/last.json`: a drill that passed. */
export const PassedDrill = z.strictObject({
  plan: z.string(),
  planDigest: z.string(),
  path: z.enum(PATHS),
  outcome: z.literal('drill-passed'),
  /** Where it was drilled: not where its record lies. */
  environment: z.string(),
  incident: z.string(),
  /** ISO 8601: when it ended. */
  createdAt: z.string(),
})
export type PassedDrill = z.infer<typeof PassedDrill>

/** Keeps a drill that passed, as the last one and as the last one of its path. */
export const recordDrill = async (objects: Objects, drill: PassedDrill): Promise<void> => {
  for (const key of [decideKeys.drill(drill.plan, drill.path), keys.lastDrill(drill.plan)])
    await writeJson(objects, key, drill)
}

/**
 * The last passed drill of a path; `null` when there is none, or none that can be understood. That of another path proves
 * nothing about this one. Throws `Bucket.*`.
 */
export const readDrill = async (objects: Objects, plan: string, path: string): Promise<PassedDrill | null> => {
  const found = await readJson(objects, decideKeys.drill(plan, path)).catch((error: unknown) => {
    if (error instanceof SyntaxError) return null
    throw error
  })
  return PassedDrill.safeParse(found?.value).data ?? null
}
