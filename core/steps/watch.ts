import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import { writeJson } from '#core/json.ts'
import type { Path } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { MOMENTS } from '#core/plan/vocabulary.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { type Look, verdictOf } from '#core/verify/look.ts'
import { readOutside } from '#core/verify/outside.ts'
import type { Verdict } from '#core/verify/run-check.ts'
import { verifyChecks } from '#core/verify/verification.ts'
import { checksOfTier, tierAt, tiersOf } from '#core/verify/watch-tiers.ts'

/** What people may choose when this path did not help. */
const nextPath = (plan: Plan, path: Path): Path | null => {
  if (path === 'flag' && plan.paths.partial) return 'partial'
  return (path === 'flag' || path === 'partial') && plan.paths.full ? 'full' : null
}

/** After a path there is no ramp to look after. */
const NO_RAMP: Verdict = { status: 'pass', detail: '' }
/** Where nothing was seen outside, nobody has looked at the flags of a ramp either. */
const UNSEEN: Verdict = { status: 'unknown', detail: 'Nobody has looked at the flags.' }

export const watch = defineStep({
  kind: 'watch',
  purpose: 'Asks the checks again for as long as the plan says.',
  // `since`: when the watch began, ISO 8601. `null`: whoever started the run has left it out.
  event: inRun(z.strictObject({ after: z.enum(MOMENTS), since: z.iso.datetime().nullable() })),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input: { after, since } }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const tiers = tiersOf(plan, after)
    const unwatched = (detail: string) => ({
      changed: false,
      detail,
      watching: { verdict: 'recovered' as const, waitSeconds: 0, detail, next: null },
    })
    if (!tiers) return unwatched('the plan asks for no watching')
    if (since === null) return unwatched('watching was left out by whoever started the run')
    const outside = await readOutside(run, { after, since }, ports)
    // The time of the state before: both have to mean the same tier.
    const now = outside === null ? ports.clock.now() : new Date(outside.at)
    const { index, tier, elapsed } = tierAt(tiers, since, now)
    const names = checksOfTier(plan, tier, after, run.scenario)
    const verification = await verifyChecks(run, plan, names, outside, ports)
    const flags = after === 're-enable' ? (outside?.untouched ?? UNSEEN) : NO_RAMP
    const { status, detail } = flags.status === 'pass' || verification.status === 'fail' ? verification : flags
    const verdict = flags.status === 'fail' ? 'interrupted' : verdictOf(status, index === -1)
    const look: Look = {
      at: now.toISOString(),
      after,
      since,
      tier: index === -1 ? tiers.length : index + 1,
      status,
      verdict,
      detail: flags.status === 'fail' ? flags.detail : detail,
      checks: [...verification.checks],
    }
    await writeJson(ports.objects, `${keys.looks(run.incident)}${look.at}-${after}.json`, look)
    const left = (tiers.at(-1)?.until ?? 0) - elapsed
    const waitSeconds = verdict === 'watching' ? Math.ceil(Math.min(tier?.every ?? left, left) / 1000) : 0
    const next = verdict === 'worse' && after !== 're-enable' ? nextPath(plan, run.path) : null
    return {
      changed: false,
      detail: `${verdict}: ${look.detail}`,
      watching: { verdict, waitSeconds, detail: look.detail.slice(0, 4000), next },
    }
  },
})
