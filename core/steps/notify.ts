import { z } from 'zod'
import { readIncident } from '#core/incident/incident.ts'
import { valuesOfIncident } from '#core/incident/message-values.ts'
import { tell } from '#core/incident/tell.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const notify = defineStep({
  kind: 'notify',
  purpose: 'Tells the people of the plan what happens, and never stops a rollback when that fails.',
  event: inRun(z.strictObject({ event: z.enum(['started']) })),
  needs: ['notifier', 'objects', 'plans', 'clock', 'environment'],
  run: async ({ run, input }, ports) => {
    const incident = await readIncident(ports.objects, run.incident)
    const values = incident ? valuesOfIncident(await ports.plans.load(run.plan), incident) : {}
    const message = await tell(run, input.event, values, ports)
    return { changed: message.delivered, detail: message.detail, delivered: message.delivered }
  },
})
