import { z } from 'zod'
import { readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { writeJson } from '#core/json.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { containmentOf, proveDelivery as prove } from '#core/verify/delivery.ts'

export const proveDelivery = defineStep({
  kind: 'prove-delivery',
  purpose:
    'Asks the consumers of the flags whether they obey, for as long as the plan gives them, and names those that do not.',
  event: inRun(z.strictObject({})),
  needs: ['database', 'objects', 'plans', 'clock', 'signal', 'remaining'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const contained = containmentOf(await readIncident(ports.objects, run.incident), ports.clock.now())
    const checks = await prove(run, plan, contained, ports)
    await writeJson(
      ports.objects,
      `${keys.checks(run.incident)}${ports.clock.now().toISOString()}-delivery.json`,
      checks,
    )
    const bad = checks.filter(({ status }) => status !== 'pass')
    const detail = bad.map((check) => `${check.name} (${check.status}): ${check.detail}`).join('; ')
    return {
      changed: false,
      detail: detail || checks.map(({ detail: seen }) => seen).join('; ') || 'there is nobody to ask',
    }
  },
})
