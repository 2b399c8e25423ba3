import { z } from 'zod'
import { requireApproval } from '#core/approval/approval.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import { requireNotStopped } from '#core/incident/switch.ts'
import { tell } from '#core/incident/tell.ts'
import { writeFlag } from '#core/incident/write-flag.ts'
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
    // Before approvals are looked at: who has stopped the plan is the one to ask.
    await requireNotStopped(run.plan, ports.objects)
    const roles = pathOf(plan, 'restore').reEnable?.approve ?? []
    await requireApproval(run, { purpose: 're-enable', subject: null, roles }, ports)
    requireSamePlan(run, plan)
    const set: string[] = []
    for (const [name, flag] of Object.entries(plan.flags)) {
      const parameter = resolveFlag(plan, name, ports.environment)
      if (await writeFlag(run, { parameter, flag, to: 'on' }, ports)) set.push(`${name} set to "${flag.on}"`)
    }
    await tell(run, 're-enabled', { flags: set.join(', ') || 'on already' }, ports)
    return { changed: set.length > 0, detail: set.join(', ') || 'the flags are on' }
  },
})
