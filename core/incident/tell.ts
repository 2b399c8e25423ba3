import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import { EVENTS, type MessageEvent, type Placeholder, renderMessage } from '#core/plan/messages.ts'
import type { Plans } from '#core/plan/plans.ts'
import type { Clock, Notifier, Objects } from '#core/ports.ts'

/** A message as it was sent, or not. */
export const SentMessage = z.strictObject({
  event: z.string(),
  subject: z.string(),
  body: z.string(),
  at: z.string(),
  delivered: z.boolean(),
  detail: z.string(),
})
export type SentMessage = z.infer<typeof SentMessage>

interface TellPorts {
  readonly notifier: Notifier
  readonly objects: Objects
  readonly plans: Plans
  readonly clock: Clock
  readonly environment: string
}

const SEVERITY: Readonly<Partial<Record<MessageEvent, 'critical' | 'warning'>>> = {
  'needs-human': 'critical',
  escalated: 'critical',
  'held-back': 'critical',
  'not-followed': 'critical',
  'approval-needed': 'warning',
  'proceed-needed': 'warning',
  'replace-needed': 'warning',
  're-enable-needed': 'warning',
  started: 'warning',
}

/**
 * Sends the plan's message for an event and keeps it beside the incident. Never throws: a message that is not delivered is
 * in the report, and does not stop a rollback.
 */
export const tell = async (
  run: Pick<Run, 'plan' | 'incident' | 'path'>,
  event: MessageEvent,
  values: Readonly<Partial<Record<Placeholder, string>>>,
  ports: TellPorts,
): Promise<SentMessage> => {
  const at = ports.clock.now().toISOString()
  const plan = await ports.plans.load(run.plan)
  const known = {
    plan: plan.name,
    title: plan.title,
    environment: ports.environment,
    incident: run.incident,
    path: run.path,
    contacts: Object.entries(plan.contacts)
      .map(([role, contact]) => `${role}: ${contact.name} (${contact.reach.join(', ')})`)
      .join('; '),
    support: plan.support.map(({ name, address }) => `${name}: ${address}`).join('; '),
    ...values,
  }
  const message = renderMessage(plan.messages, event, known) ?? {
    subject: `${plan.name} in ${ports.environment}: ${event}`,
    body: `${EVENTS[event]} Incident ${run.incident}, path ${run.path}. ${Object.entries(values)
      .map(([name, value]) => `${name}: ${value}`)
      .join('. ')}`,
  }
  const sent = await ports.notifier
    .send({ plan: run.plan, incident: run.incident, event, severity: SEVERITY[event] ?? 'info', ...message })
    .then(
      ({ id }) => ({ delivered: true, detail: `message ${id}` }),
      (error: unknown) => ({ delivered: false, detail: error instanceof Error ? error.message : String(error) }),
    )
  const record: SentMessage = { event, ...message, at, ...sent }
  // The bucket may be what is broken; the message counts more than its record.
  await writeJson(ports.objects, `${keys.messages(run.incident)}${at}-${event}.json`, record).catch(() => null)
  return record
}

export const readMessages = async (objects: Objects, id: IncidentId): Promise<SentMessage[]> =>
  (await readAllJson(objects, keys.messages(id))).map(({ value }) => SentMessage.parse(value))
