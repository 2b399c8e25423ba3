import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf, readAllJson, readJson, writeJson } from '#core/json.ts'
import { type IncidentId, PATHS, type Path } from '#core/names.ts'
import { announce, Delivery } from '#core/notice/announce.ts'
import { unreadablePlan } from '#core/notice/occasion.ts'
import { within } from '#core/notice/patience.ts'
import { EVENTS, type MessageEvent } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Plans } from '#core/plan/plans.ts'
import type { Clock, Notifier, Objects } from '#core/ports.ts'

const isEvent = (name: string): name is MessageEvent => Object.hasOwn(EVENTS, name)

/** `incidents/<id>/messages/<event>-<digest>.json`: a message as it was sent, or not. */
export const SentMessage = z.strictObject({
  event: z.string(),
  subject: z.string(),
  body: z.string(),
  at: z.string(),
  /** Every way that it was to go. */
  delivered: z.boolean(),
  detail: z.string(),
  channels: z.array(Delivery).default([]),
  /** How often it was tried to send it. */
  tries: z.int().default(1),
  /** What it was made of, to make it again. */
  values: z.record(z.string(), z.string()).default({}),
  once: z.string().nullable().default(null),
  roles: z.array(z.string()).default([]),
  path: z.enum(PATHS).nullable().default(null),
  /** Since when somebody is about to send it, of those that several may want to send at once. */
  claimedAt: z.string().nullable().default(null),
})
export type SentMessage = z.infer<typeof SentMessage>

export interface TellPorts {
  readonly notifier: Notifier
  readonly objects: Objects
  readonly plans: Plans
  readonly clock: Clock
  readonly environment: string
}

/** Whom a message is about: a run, or what was to become one. */
export type Teller = Pick<Run, 'incident' | 'drill' | 'execution'> & {
  readonly plan: string
  readonly path: Path | null
}

/** What tells one message from another. */
export interface Told {
  readonly event: MessageEvent
  readonly values: Values
  /** In place of the values, where those differ each time that the same thing is told: durations, states. */
  readonly once?: string | null
  /** Roles that are called by name. */
  readonly roles?: readonly string[]
}

/** How often a message is tried, each time with the repetitions of the SDK. */
export const MOST_TRIES = 4
/** For reading and for writing the record of a message. Milliseconds. */
const PATIENCE_MS = 3_000

/** The path belongs to the content: what a run says again on another path is something else. */
export const messageKey = ({ incident, path }: Teller, { event, values, once }: Told): string =>
  `${keys.messages(incident)}${event}-${digestOf([event, path, once ?? values]).slice(0, 20)}.json`

const nothingToSay = (event: string, at: string): SentMessage =>
  SentMessage.parse({ event, subject: '', body: '', at, delivered: true, detail: 'the plan has no text for it' })

/** Sends every way that it did not go before, and keeps the record. Never throws. */
export const sendMessage = async (
  run: Teller,
  told: Told,
  earlier: SentMessage | null,
  ports: TellPorts,
): Promise<SentMessage> => {
  const { event, values, once = null, roles = [] } = told
  const plan = await ports.plans.load(run.plan).catch(() => unreadablePlan(run.plan))
  const occasion = { ...run, plan, environment: ports.environment, signal: values.signal ?? null, roles }
  const key = messageKey(run, told)
  const at = earlier?.at ?? ports.clock.now().toISOString()
  const sent = await announce(occasion, event, values, { id: digestOf(key), earlier: earlier?.channels ?? [] }, ports)
  if (!sent) return nothingToSay(event, at)
  const { subject, body, deliveries } = sent
  const failed = deliveries.filter(({ delivered }) => !delivered)
  const record: SentMessage = {
    event,
    subject,
    body,
    at,
    delivered: failed.length === 0,
    detail: (failed.length > 0 ? failed : deliveries).map(({ channel, detail }) => `${channel}: ${detail}`).join('; '),
    channels: [...deliveries],
    tries: (earlier?.tries ?? 0) + 1,
    values: { ...values },
    once,
    roles: [...roles],
    path: run.path,
    claimedAt: null,
  }
  // The bucket may be what is broken; the message counts more than its record.
  await within(PATIENCE_MS, writeJson(ports.objects, key, record))
  return record
}

/** As long as sending may take, and more than that. Milliseconds. */
const CLAIM_MS = 4 * 60_000

/**
 * Sends a message that several may want to send at the same moment: the one who has claimed its record does. A claim of somebody who
 * was killed goes over to the next one after a while. `null` when it was sent, is being sent, or was tried often enough.
 */
export const tellClaimed = async (run: Teller, told: Told, ports: TellPorts): Promise<SentMessage | null> => {
  const { objects, clock } = ports
  const now = clock.now()
  const key = messageKey(run, told)
  const { event, once = null, roles = [] } = told
  const at = now.toISOString()
  const unsent = { event, subject: '', body: '', at, delivered: false, detail: 'it is being sent', tries: 0 }
  const claim = SentMessage.parse({ ...unsent, values: told.values, once, roles, path: run.path, claimedAt: at })
  if (await writeJson(objects, key, claim, { ifAbsent: true })) return sendMessage(run, told, claim, ports)
  const found = await readJson(objects, key)
  if (!found) return null
  const earlier = SentMessage.parse(found.value)
  const claimed = earlier.claimedAt !== null && now.getTime() - Date.parse(earlier.claimedAt) < CLAIM_MS
  if (earlier.delivered || earlier.tries >= MOST_TRIES || claimed) return null
  const taken = await writeJson(objects, key, { ...earlier, claimedAt: at }, { ifMatch: found.etag })
  return taken && sendMessage(run, told, earlier, ports)
}

const readMessage = async (objects: Objects, key: string): Promise<SentMessage | null> => {
  const found = await readJson(objects, key)
  return found && SentMessage.parse(found.value)
}

/** What stands in the record of a message, to be sent again. */
export const toldOf = ({ event, values, once, roles }: SentMessage): Told | null =>
  isEvent(event) ? { event, values, once, roles } : null

/** Once more what was not delivered; only when something else just was, so that nobody waits for a service that is down. */
const repeatOthers = async (run: Teller, sent: readonly string[], ports: TellPorts): Promise<void> => {
  const kept = (await within(PATIENCE_MS, readAllJson(ports.objects, keys.messages(run.incident)))) ?? []
  const left = kept
    .filter(({ key }) => !sent.includes(key))
    .flatMap(({ value }) => SentMessage.safeParse(value).data ?? [])
    .filter(({ delivered, tries }) => !delivered && tries < MOST_TRIES)
  await Promise.all(
    left.map(async (message) => {
      const told = toldOf(message)
      if (told) await sendMessage({ ...run, path: message.path }, told, message, ports)
    }),
  )
}

/**
 * Sends the plan's messages for some events, all at once, and keeps them beside the incident. The same event with the same
 * content is sent once; killed between sending and keeping, it is sent again: at least once, not at most. Never throws: a
 * message that is not delivered is sent again with the next one of the incident and by the reminders, is in the report, and
 * does not stop a rollback.
 */
export const tellAll = async (run: Teller, messages: readonly Told[], ports: TellPorts): Promise<SentMessage[]> => {
  const sent = await Promise.all(
    messages.map(async (told) => {
      const earlier = await within(PATIENCE_MS, readMessage(ports.objects, messageKey(run, told)))
      return earlier?.delivered ? earlier : sendMessage(run, told, earlier, ports)
    }),
  )
  const sentKeys = messages.map((told) => messageKey(run, told))
  if (sent.some(({ delivered }) => delivered)) await repeatOthers(run, sentKeys, ports).catch(() => null)
  return sent
}

/** `tellAll` for one event. */
export const tell = async (
  run: Teller,
  event: MessageEvent,
  values: Values,
  ports: TellPorts,
  once: string | null = null,
): Promise<SentMessage> => {
  const [sent] = await tellAll(run, [{ event, values, once }], ports)
  return sent ?? nothingToSay(event, ports.clock.now().toISOString())
}

export const readMessages = async (objects: Objects, id: IncidentId): Promise<SentMessage[]> =>
  (await readAllJson(objects, keys.messages(id)))
    .map(({ value }) => SentMessage.parse(value))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
