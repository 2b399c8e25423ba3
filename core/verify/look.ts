import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { readAllJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { MOMENTS } from '#core/plan/vocabulary.ts'
import type { Objects } from '#core/ports.ts'
import type { Verdict } from '#core/verify/run-check.ts'
import { CheckResult } from '#core/verify/verification.ts'

/**
 * - `watching`: there is time left, and nothing failed; what could not be asked is asked again
 * - `recovered`: the time is over and every check passes
 * - `worse`: a check failed
 * - `unknown`: the time is over, and a check could not be answered
 * - `interrupted`: of a ramp, whose flags somebody else has switched
 */
const VERDICTS = ['watching', 'recovered', 'worse', 'unknown', 'interrupted'] as const
export type WatchVerdict = (typeof VERDICTS)[number]

/** One round of a watch: `incidents/<id>/watch/<time>-<moment>.json`. */
export const Look = z.strictObject({
  at: z.string(),
  after: z.enum(MOMENTS),
  /** When the watch began that it belongs to. */
  since: z.string(),
  /** Counted from one. */
  tier: z.int(),
  status: z.enum(['pass', 'fail', 'unknown']),
  verdict: z.enum(VERDICTS),
  detail: z.string(),
  checks: z.array(CheckResult),
})
export type Look = z.infer<typeof Look>

/** Unknown is worth another look while there is time, and is never a recovery. */
export const verdictOf = (status: Verdict['status'], over: boolean): WatchVerdict => {
  if (status === 'fail') return 'worse'
  if (!over) return 'watching'
  return status === 'pass' ? 'recovered' : 'unknown'
}

export const readLooks = async (objects: Objects, id: IncidentId): Promise<Look[]> =>
  (await readAllJson(objects, keys.looks(id))).map(({ value }) => Look.parse(value))

/** The newest answer of each check, of verifications and looks alike: a retry by a person asks them again. */
export const newestChecks = async (
  objects: Objects,
  id: IncidentId,
  looks: readonly Look[],
): Promise<CheckResult[]> => {
  const prefix = keys.checks(id)
  const verified = (await readAllJson(objects, prefix)).map(({ key, value }) => ({
    at: key.slice(prefix.length),
    checks: CheckResult.array().parse(value),
  }))
  const newest = new Map<string, CheckResult>()
  for (const { checks } of [...verified, ...looks].sort((a, b) => (a.at < b.at ? -1 : 1)))
    for (const check of checks) newest.set(check.name, check)
  return [...newest.values()]
}
