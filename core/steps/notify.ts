import { z } from 'zod'
import { readIncident } from '#core/incident/incident.ts'
import { valuesOfIncident } from '#core/incident/message-values.ts'
import { tell } from '#core/incident/tell.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { DELIVERY_OF, readChecks } from '#core/verify/read-checks.ts'

const notFollowed = async (objects: Objects, id: IncidentId): Promise<string> =>
  (await readChecks(objects, id))
    .filter(({ name, status }) => name.startsWith(DELIVERY_OF) && status === 'fail')
    .map(({ name, detail }) => `${name}: ${detail}`)
    .join('; ')

export const notify = defineStep({
  kind: 'notify',
  purpose: 'Tells the people of the plan what happens, and never stops a rollback when that fails.',
  event: inRun(z.strictObject({ event: z.enum(['started', 'not-followed']) })),
  needs: ['notifier', 'objects', 'plans', 'clock', 'environment'],
  run: async ({ run, input }, ports) => {
    const incident = await readIncident(ports.objects, run.incident)
    const values = incident ? valuesOfIncident(await ports.plans.load(run.plan), incident) : {}
    const checks = input.event === 'not-followed' ? await notFollowed(ports.objects, run.incident) : null
    if (checks === '') return { changed: false, detail: 'nobody is known not to have followed', delivered: false }
    const message = await tell(run, input.event, { ...values, ...(checks === null ? {} : { checks }) }, ports)
    return { changed: message.delivered, detail: message.detail, delivered: message.delivered }
  },
})
