import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import { writeJson } from '#core/json.ts'
import { MOMENTS, Name } from '#core/plan/vocabulary.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { checksAfter, verifyWithOutside } from '#core/verify/verification.ts'

export const verify = defineStep({
  kind: 'verify',
  purpose: 'Asks the checks of the database and joins them with those that were asked outside: pass, fail or unknown.',
  // As a state: the checks after a path, and the state machine reads the verdict. As a step of a plan: checks by name,
  // and anything but a pass stops the path there.
  event: inRun(z.union([z.strictObject({ after: z.enum(MOMENTS) }), z.strictObject({ checks: z.array(Name).min(1) })])),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const names = 'after' in input ? checksAfter(plan, input.after, run.scenario) : input.checks
    const verification = await verifyWithOutside(run, plan, input, names, ports)
    const moment = 'after' in input ? input.after : 'step'
    await writeJson(
      ports.objects,
      `${keys.checks(run.incident)}${ports.clock.now().toISOString()}-${moment}.json`,
      verification.checks,
    )
    if ('checks' in input && verification.status !== 'pass')
      throw new RollbackError(
        verification.status === 'fail' ? 'Verification.Failed' : 'Verification.Unknown',
        verification.detail,
        { fix: 'See the checks in the report; mend what they name, then retry.' },
      )
    const { status, detail } = verification
    return { changed: false, detail, verification: { status, detail: detail.slice(0, 4000) }, waitSeconds: 0 }
  },
})
