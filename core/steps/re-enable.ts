import { z } from 'zod'
import { readRequest, requireApproval } from '#core/approval/approval.ts'
import { requireLease } from '#core/incident/lease.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import { tell } from '#core/incident/tell.ts'
import { resolveFlag } from '#core/plan/load.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const reEnable = defineStep({
  kind: 're-enable',
  purpose: 'Sets the flags of the plan on again, after it has checked the recorded approval.',
  event: inRun(z.strictObject({})),
  needs: ['flags', 'notifier', 'objects', 'plans', 'clock', 'environment'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const roles = pathOf(plan, 'restore').reEnable?.approve ?? []
    await requireApproval(run, { purpose: 're-enable', subject: null, roles }, ports)
    requireSamePlan(run, plan)
    await requireLease(run, ports.objects)
    const set: string[] = []
    const names = Object.entries(plan.flags).map(([name, flag]) => `${name} is "${flag.on}"`)
    for (const [name, flag] of Object.entries(plan.flags)) {
      const parameter = resolveFlag(plan, name, ports.environment)
      if ((await ports.flags.read(parameter))?.value === flag.on) continue
      await ports.flags.write(parameter, flag.on)
      set.push(`${name} set to "${flag.on}"`)
    }
    // Once for each approval, also when a retry finds them on.
    const asked = await readRequest(ports.objects, run.incident, 're-enable')
    await tell(run, 're-enabled', { flags: names.join(', ') }, ports, asked?.requestedAt ?? null)
    return { changed: set.length > 0, detail: set.join(', ') || 'the flags are on' }
  },
})
