import { z } from 'zod'
import { readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { writeJson } from '#core/json.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { containmentOf } from '#core/verify/delivery.ts'
import { proveDeliveryOutside as prove } from '#core/verify/delivery-outside.ts'

export const proveDeliveryOutside = defineStep({
  kind: 'prove-delivery-outside',
  purpose: 'Asks services of the application which consumers obey the flags, where it is a service that says so.',
  event: inRun(z.strictObject({})),
  needs: ['services', 'serviceUrls', 'objects', 'plans', 'clock', 'environment', 'signal', 'remaining'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const contained = containmentOf(await readIncident(ports.objects, run.incident), ports.clock.now())
    const checks = await prove(run, plan, contained, ports)
    const at = ports.clock.now().toISOString()
    if (checks.length > 0)
      await writeJson(ports.objects, `${keys.checks(run.incident)}${at}-delivery-outside.json`, checks)
    const said = checks.map((check) => `${check.name} (${check.status}): ${check.detail}`)
    return { changed: false, detail: said.join('; ') || 'no service says who obeys' }
  },
})
