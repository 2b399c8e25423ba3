import { RollbackError } from '#core/errors.ts'
import { readIncident } from '#core/incident/incident.ts'
import { keys } from '#core/incident/keys.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { valuesOfIncident } from '#core/incident/message-values.ts'
import { planToChange } from '#core/incident/plan-to-change.ts'
import { digestOf, readJson, writeJson } from '#core/json.ts'
import { OWN_MACHINE } from '#core/notice/announce.ts'
import { allValues } from '#core/notice/compose.ts'
import { webhookCall } from '#core/notice/webhook-call.ts'
import { fill } from '#core/plan/messages.ts'
import { WebhookInput } from '#core/plan/steps-outside.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

export const webhook = defineStep({
  kind: 'webhook',
  purpose: 'Calls a webhook of the plan, signed, so that somebody else does a part of the rollback.',
  event: inRun(WebhookInput),
  needs: ['notifier', 'objects', 'plans', 'environment', 'clock'],
  run: async ({ run, input }, { notifier, objects, plans, environment, clock }) => {
    const plan = await planToChange(run, { plans, objects })
    const hook = plan.webhooks.find(({ name }) => name === input.webhook)
    if (!hook)
      throw new RollbackError('Webhook.Unknown', `Plan "${plan.name}" has no webhook "${input.webhook}".`, {
        fix: `Use one of ${plan.webhooks.map(({ name }) => name).join(', ')}.`,
        category: 'usage',
      })
    // Another system would act on it.
    if (run.drill) return { changed: false, detail: `"${hook.name}" is not called in a drill`, waitSeconds: 0 }
    const id = digestOf([run.incident, input])
    const key = `${keys.calls(run.incident)}${id.slice(0, 20)}.json`
    if (await readJson(objects, key))
      return { changed: false, detail: `"${hook.name}" was called before`, waitSeconds: 0 }
    const incident = await readIncident(objects, run.incident)
    const now = clock.now()
    const occasion = { ...run, plan, environment, signal: incident?.signal?.name ?? null }
    const known = allValues(occasion, incident ? valuesOfIncident(plan, incident) : {}, now)
    const text = fill(input.say, known)
    const { plan: of, incident: about, path } = run
    const document = { version: 1, id, event: 'step', plan: of, incident: about, environment, path, text }
    const reach = environment === OWN_MACHINE ? 'loopback' : 'internet'
    const call = webhookCall(hook, { environment, id, reach, document, values: { ...known, status: text } })
    await requireMayChange(run, objects)
    const { status } = await notifier.post(call)
    // Killed before this line it is called again, with the same key: who is called can tell.
    await writeJson(objects, key, { webhook: hook.name, status, at: now.toISOString() }, { ifAbsent: true })
    return { changed: true, detail: `"${hook.name}" was called: ${status}`, waitSeconds: 0 }
  },
})
