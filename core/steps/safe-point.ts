import { z } from 'zod'
import { requireApproval } from '#core/approval/approval.ts'
import { proceedQuestion } from '#core/approval/proceed.ts'
import { isCounted, recordRun } from '#core/incident/breaker.ts'
import { isWorse, takeDemand } from '#core/incident/course.ts'
import type { Run } from '#core/incident/run.ts'
import { machineSteps } from '#core/plan/machine-steps.ts'
import { printRoute } from '#core/plan/work-of.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { settingsOf } from '#core/steps/open-incident.ts'

export const safePoint = defineStep({
  kind: 'safe-point',
  purpose: 'Looks whether a worse path was demanded of the run, and goes on with it.',
  // `approved`: whether the state machine was told that people said yes. Asked after an answer only.
  event: inRun(z.strictObject({ approved: z.boolean().optional() })),
  record: 'changes',
  needs: ['objects', 'plans', 'clock', 'environment', 'autonomy', 'disposable', 'approvalKey'],
  run: async ({ run, input }, ports) => {
    const { course, taken } = await takeDemand(run, ports)
    if (!course || !isWorse(course.path, run.path)) {
      // Whoever has the token of a task can end it. What counts is what is signed in the record.
      if (input.approved)
        await requireApproval(run, await proceedQuestion(run, await ports.plans.load(run.plan), ports), ports)
      return { changed: false, detail: 'no worse path was demanded', escalate: false, run, steps: [], settings: null }
    }
    const { path, scenario, signal, decided = null } = course
    const plan = await ports.plans.load(run.plan)
    const escalation = course.escalations.at(-1)
    if (signal && escalation && isCounted(path)) await recordRun(ports.objects, { ...run, path }, escalation.at)
    const next: Run = { ...run, path, scenario }
    return {
      changed: taken,
      detail: `goes on with the ${printRoute(course)} path in place of the ${run.path} one: ${escalation?.reason ?? 'it was demanded'}`,
      escalate: true,
      run: next,
      steps: machineSteps(plan, next),
      settings: await settingsOf(plan, { path, signal, decided }, ports),
    }
  },
})
