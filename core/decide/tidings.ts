import type { AlarmState } from '#core/decide/alarm.ts'
import type { Weighed } from '#core/decide/weigh.ts'
import { renderMessage } from '#core/plan/messages.ts'
import type { Notification } from '#core/ports.ts'

/** What people are told when an alarm changes nothing: to look at it, or what would be done about it. */
export const tidings = (
  { plan, signal, severity, decision, ladder }: Weighed,
  alarm: AlarmState,
  course: readonly string[],
  environment: string,
): Notification => {
  const event = decision.path === 'monitor' ? 'monitor' : 'observed'
  const describe = plan.signals[signal]?.describe ?? signal
  const next = `${course.join('; then ')}.`
  const message = renderMessage(plan.messages, event, {
    plan: plan.name,
    title: plan.title,
    environment,
    signal,
    severity,
    path: decision.path,
    reason: `${describe} ${alarm.name}: ${alarm.reason}`,
    started: alarm.at,
    deadline: new Date(Date.parse(alarm.at) + decision.within).toISOString(),
    next,
  })
  const plain =
    event === 'monitor'
      ? { subject: `watch ${signal} (${severity})`, body: '' }
      : {
          subject: `${signal} (${severity}) would lead to the path ${decision.path}`,
          body: `\nNothing was changed: ${ladder.why.join('; ')}.\nIt would go like this: ${next}`,
        }
  return {
    plan: plan.name,
    incident: null,
    event,
    severity: 'warning',
    ...(message ?? {
      subject: `${plan.name} in ${environment}: ${plain.subject}`,
      body: `${describe}\n${alarm.name} since ${alarm.at}: ${alarm.reason}${plain.body}`,
    }),
  }
}
