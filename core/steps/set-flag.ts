import { RollbackError } from '#core/errors.ts'
import { requireLease } from '#core/incident/lease.ts'
import { requireSamePlan } from '#core/incident/same-plan.ts'
import { resolveFlag } from '#core/plan/load.ts'
import { SetFlagInput } from '#core/plan/steps.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const setFlag = defineStep({
  kind: 'set-flag',
  purpose: 'Sets one flag of the plan to its safe value or to on.',
  event: inRun(SetFlagInput),
  needs: ['flags', 'objects', 'plans', 'environment'],
  run: async ({ run, input }, { flags, objects, plans, environment }) => {
    const plan = await plans.load(run.plan)
    const flag = plan.flags[input.flag]
    if (!flag)
      throw new RollbackError('Flag.Unknown', `Plan "${plan.name}" has no flag "${input.flag}".`, {
        fix: `Use one of ${Object.keys(plan.flags).join(', ')}.`,
        category: 'usage',
      })
    requireSamePlan(run, plan)
    await requireLease(run, objects)
    const parameter = resolveFlag(plan, input.flag, environment)
    const to = flag[input.to]
    const before = await flags.read(parameter)
    if (before?.value === to) return { changed: false, detail: `${input.flag} is "${to}"`, waitSeconds: 0 }
    await flags.write(parameter, to)
    return { changed: true, detail: `${input.flag} set to "${to}"`, waitSeconds: 0 }
  },
})
