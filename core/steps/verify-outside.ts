import { z } from 'zod'
import type { Run } from '#core/incident/run.ts'
import type { Plan } from '#core/plan/load.ts'
import { MOMENTS, Name } from '#core/plan/vocabulary.ts'
import { currentInterference } from '#core/re-enable/interference.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { type Asking, askOutside, type Outside, type OutsidePorts, writeOutside } from '#core/verify/outside.ts'
import { checksAfter } from '#core/verify/verification.ts'
import { checksOfTier, tierAt, tiersOf } from '#core/verify/watch-tiers.ts'

/** `since` as for `watch`: `null`, where watching was left out. */
const Input = z.union([
  z.strictObject({ after: z.enum(MOMENTS), since: z.iso.datetime().nullable() }),
  z.strictObject({ after: z.enum(MOMENTS) }),
  z.strictObject({ checks: z.array(Name).min(1) }),
])

const namesOf = ({ scenario }: Run, plan: Plan, asking: Asking, now: Date): readonly string[] => {
  if ('checks' in asking) return asking.checks
  if (!('since' in asking)) return checksAfter(plan, asking.after, scenario)
  const tiers = tiersOf(plan, asking.after)
  if (!tiers) return []
  return checksOfTier(plan, tierAt(tiers, asking.since, now).tier, asking.after, scenario)
}

/** Somebody switched the flags meanwhile: whatever the checks say, this ramp is over. */
const untouched = async (run: Run, asking: Asking, ports: OutsidePorts): Promise<Outside['untouched']> =>
  'since' in asking && asking.after === 're-enable' ? currentInterference(run, ports) : null

export const verifyOutside = defineStep({
  kind: 'verify-outside',
  purpose:
    'Asks the checks that need no database: flags, services, metrics. The next state joins them with the others.',
  event: inRun(Input),
  needs: ['flags', 'services', 'serviceUrls', 'metricHistory', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const nothing = { changed: false, detail: 'nobody watches', waitSeconds: 0 }
    if ('since' in input && input.since === null) return nothing
    const asking = input as Asking
    const plan = await ports.plans.load(run.plan)
    const now = ports.clock.now()
    const since = 'since' in asking ? new Date(asking.since) : null
    const checks = await askOutside(run, plan, namesOf(run, plan, asking, now), since, ports)
    const outside: Outside = { at: now.toISOString(), checks, untouched: await untouched(run, asking, ports) }
    await writeOutside(ports.objects, run, asking, outside)
    const bad = Object.entries(checks).filter(([, { status }]) => status !== 'pass')
    const detail = bad.map(([name, seen]) => `${name} (${seen.status}): ${seen.detail}`).join('; ')
    return { ...nothing, detail: detail || `${Object.keys(checks).length} checks outside the database pass` }
  },
})
