import { RollbackError } from '#core/errors.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import { writeFlag } from '#core/incident/write-flag.ts'
import { resolveFlag } from '#core/plan/load.ts'
import { SetFlagInput } from '#core/plan/steps.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { bringFlag } from '#core/workloads/bring-flag.ts'

export const setFlag = defineStep({
  kind: 'set-flag',
  purpose: 'Sets one flag of the plan to its safe value or to on.',
  event: inRun(SetFlagInput),
  needs: ['flags', 'deliverer', 'objects', 'plans', 'clock', 'environment', 'signal'],
  run: async ({ run, input }, ports) => {
    const { flags, objects, environment } = ports
    const plan = await planToChange(run, ports)
    const flag = plan.flags[input.flag]
    if (!flag)
      throw new RollbackError('Flag.Unknown', `Plan "${plan.name}" has no flag "${input.flag}".`, {
        fix: `Use one of ${Object.keys(plan.flags).join(', ')}.`,
        category: 'usage',
      })
    const parameter = resolveFlag(plan, input.flag, environment)
    const changed = await writeFlag(run, { parameter, flag, to: input.to }, { flags, objects })
    const set = `${input.flag} ${changed ? 'set to' : 'is'} "${flag[input.to]}"`
    const { detail, waitSeconds } = await bringFlag(run, plan, input, { ...ports, drill: run.drill })
    return { changed, detail: [set, ...detail].join(', '), waitSeconds }
  },
})
