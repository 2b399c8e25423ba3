import type { AlarmState } from '#core/decide/alarm.ts'
import type { Matched } from '#core/decide/decide.ts'
import type { Contained } from '#core/incident/incident.ts'
import type { Request } from '#core/incident/request.ts'
import { digestOf } from '#core/json.ts'
import { announce, type Delivery } from '#core/notice/announce.ts'
import { startCommand } from '#core/notice/choices.ts'
import { requireTold } from '#core/notice/of-plan.ts'
import type { MessageEvent } from '#core/plan/messages.ts'
import type { Values } from '#core/plan/placeholders.ts'
import type { Clock, Notifier } from '#core/ports.ts'

interface AlarmTellPorts {
  readonly notifier: Notifier
  readonly clock: Clock
  readonly environment: string
}

/** There is no incident yet, and no record: each copy of the event that comes to this point tells again. */
const tellOf = async (
  { plan, signal, severity, decision }: Matched,
  alarm: AlarmState,
  { event, values }: { event: MessageEvent; values: Values },
  ports: AlarmTellPorts,
): Promise<readonly Delivery[] | undefined> => {
  const occasion = {
    plan,
    environment: ports.environment,
    incident: null,
    path: decision.path === 'monitor' ? null : decision.path,
    signal,
    drill: false,
    execution: null,
  }
  const known: Values = {
    severity,
    reason: `${plan.signals[signal]?.describe ?? signal} ${alarm.name}: ${alarm.reason}`,
    symptoms: alarm.reason,
    detection: `alarm ${alarm.name}`,
    detected: alarm.at,
    started: alarm.at,
    deadline: new Date(Date.parse(alarm.at) + decision.within).toISOString(),
  }
  const id = digestOf([event, plan.name, alarm.name, alarm.at])
  return (await announce(occasion, event, { ...known, ...values }, { id }, ports))?.deliveries
}

/**
 * A signal that changes nothing: to be watched, or in an environment that only observes. Throws `Notification.NotDelivered`:
 * to tell people is all that this event is for.
 */
export const tellOfNothingDone = async (
  match: Matched,
  alarm: AlarmState,
  { event, next }: { event: 'monitor' | 'observed'; next: string },
  ports: AlarmTellPorts,
): Promise<void> => requireTold(await tellOf(match, alarm, { event, values: { next } }, ports))

/** A state machine that does not start. Never throws: what failed is thrown by who tried. */
export const tellNotStarted = async (
  match: Matched,
  alarm: AlarmState,
  { request, contained, error }: { request: Request; contained: Contained | null; error: unknown },
  ports: AlarmTellPorts,
): Promise<void> => {
  const values = {
    error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    flags: contained?.detail ?? 'not known to be at their safe values',
    next: 'The event comes again by itself, twice. Should this message come a third time, start the state machine by hand.',
    command: startCommand(request),
  }
  await tellOf(match, alarm, { event: 'not-started', values }, ports)
}
