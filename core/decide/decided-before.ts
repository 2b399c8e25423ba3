import { readDecisions } from '#core/decide/record.ts'
import type { PlanName } from '#core/names.ts'
import type { DescribedAlarm, Objects } from '#core/ports.ts'

/**
 * An alarm that goes off twice needs longer than this. The event says when the alarm changed, and so does its description;
 * that both say it to the same millisecond, AWS does not promise.
 */
const SAME_CHANGE_MS = 5_000

/** Whether this change of the alarm was decided about for the plan, also where nothing was started. */
export const decidedBefore = async (objects: Objects, plan: PlanName, alarm: DescribedAlarm): Promise<boolean> => {
  const since = Date.parse(alarm.since)
  const window = { from: new Date(since - SAME_CHANGE_MS), to: new Date(since + SAME_CHANGE_MS) }
  const decisions = await readDecisions(objects, plan, window)
  // What failed comes again, with its event or by the sweep.
  return decisions.some(
    ({ event, done }) => event.alarm === alarm.name && event.state === 'ALARM' && done.action !== 'failed',
  )
}
