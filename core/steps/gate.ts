import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { pathOf } from '#core/plan/path-of.ts'
import { scheduleOf, unmetGates } from '#core/re-enable/gate.ts'
import type { ReEnableSubject } from '#core/re-enable/subject.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { newestChecks, readLooks } from '#core/verify/look.ts'
import { type CheckResult, isDelivery } from '#core/verify/verification.ts'

/** Without an echo this can never be known, so that people are told instead of being kept from re-enabling for good. */
const isUntold = (check: CheckResult): boolean => isDelivery(check) && check.status === 'unknown'

export const gate = defineStep({
  kind: 'gate',
  purpose: 'Says what people have to attest, and what is not as it should be, before they are asked to re-enable.',
  // When the watch began; `null`: whoever started the run has left it out.
  event: inRun(z.strictObject({ since: z.iso.datetime().nullable() })),
  needs: ['objects', 'plans', 'clock'],
  run: async ({ run, input: { since } }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const checks = await newestChecks(ports.objects, run.incident, await readLooks(ports.objects, run.incident))
    const bad = checks
      .filter((check) => check.status !== 'pass' && !isUntold(check))
      .map(({ name, status }) => `${name} (${status})`)
    if (bad.length > 0 || checks.every(isDelivery))
      throw new RollbackError(
        'ReEnable.ChecksNotGreen',
        `Not every check passes: ${bad.join(', ') || 'none was asked'}.`,
        {
          fix: 'Mend what they name, then retry.',
          category: 'refused',
        },
      )
    const unwatched = plan.watch !== undefined && since === null
    const untold = checks.filter(isUntold).map(({ name }) => `Nobody can tell the ${name}.`)
    const subject: ReEnableSubject = {
      askedAt: ports.clock.now().toISOString(),
      gates: pathOf(plan, 'restore').reEnable.gates,
      unmet: [
        ...(await unmetGates(run, plan, ports)),
        ...untold,
        ...(unwatched ? ['Nobody watched the restored system.'] : []),
      ],
      steps: [...scheduleOf(plan)],
    }
    return { changed: false, detail: subject.unmet.join(' ') || 'nothing stands against asking', subject }
  },
})
