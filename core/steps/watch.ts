import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { writeJson } from '#core/json.ts'
import type { Path } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { MOMENTS, type Moment } from '#core/plan/vocabulary.ts'
import type { WatchTier } from '#core/plan/watch.ts'
import { currentInterference } from '#core/re-enable/interference.ts'
import { defineStep, inRun, type Ports } from '#core/steps/define-step.ts'
import { type Look, verdictOf } from '#core/verify/look.ts'
import type { Verdict } from '#core/verify/run-check.ts'
import { checksAfter, verifyChecks } from '#core/verify/verification.ts'

/** A step of the ramp is watched evenly; after a path, the plan says how. */
const tiersOf = (plan: Plan, after: Moment): readonly WatchTier[] | undefined => {
  const ramp = plan.paths.restore?.reEnable.ramp
  if (after !== 're-enable') return plan.watch?.tiers
  return ramp && [{ until: ramp.hold, every: ramp.every, checks: null }]
}

/** What people may choose when this path did not help. */
const nextPath = (plan: Plan, path: Path): Path | null => {
  if (path === 'flag' && plan.paths.partial) return 'partial'
  return (path === 'flag' || path === 'partial') && plan.paths.full ? 'full' : null
}

/** Somebody switched the flags meanwhile: whatever the checks say, this ramp is over. */
const untouched = (run: Run, after: Moment, ports: Pick<Ports, 'objects' | 'flags'>): Promise<Verdict> | Verdict =>
  after === 're-enable' ? currentInterference(run, ports) : { status: 'pass', detail: '' }

export const watch = defineStep({
  kind: 'watch',
  purpose: 'Asks the checks again for as long as the plan says.',
  // `since`: when the watch began, ISO 8601. `null`: whoever started the run has left it out.
  event: inRun(z.strictObject({ after: z.enum(MOMENTS), since: z.iso.datetime().nullable() })),
  needs: ['database', 'flags', 'objects', 'plans', 'clock', 'environment', 'signal'],
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
    const now = ports.clock.now()
    const elapsed = Math.max(0, now.getTime() - Date.parse(since))
    const index = tiers.findIndex(({ until }) => elapsed < until)
    const tier = tiers.at(index)
    const names = tier?.checks ?? checksAfter(plan, after, run.scenario)
    const verification = await verifyChecks(run, plan, names, ports)
    const flags = await untouched(run, after, ports)
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
