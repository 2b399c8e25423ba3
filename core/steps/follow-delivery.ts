import { z } from 'zod'
import { readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { writeJson } from '#core/json.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'
import { followDeliveries } from '#core/workloads/follow.ts'

export const followDelivery = defineStep({
  kind: 'follow-delivery',
  purpose:
    'Looks after the restarts and calls that bring the flags to the application, starts those that were not started, and names who has not followed.',
  event: inRun(z.strictObject({})),
  needs: ['deliverer', 'flags', 'objects', 'plans', 'clock', 'environment', 'signal', 'remaining'],
  run: async ({ run }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const contained = (await readIncident(ports.objects, run.incident))?.contained
    const since = contained ? Date.parse(contained.at) : ports.clock.now().getTime()
    const checks = await followDeliveries(plan, since, { ...ports, drill: run.drill })
    const at = ports.clock.now().toISOString()
    await writeJson(ports.objects, `${keys.checks(run.incident)}${at}-followed.json`, checks)
    return { changed: false, detail: checks.map(({ name, detail }) => `${name}: ${detail}`).join('; ') }
  },
})
