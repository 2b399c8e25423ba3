import { digestOf } from '#core/json.ts'

/** The day of an ISO 8601 time: keys begin with it, so that a short while can be listed out of a long history. */
const dayOf = (at: string): string => at.slice(0, 10)

/** What deciding keeps in the bucket. Times in keys are ISO 8601 in UTC, so that keys sort by time. */
export const decideKeys = {
  decisions: (plan: string, day = '') => `decisions/${plan}/${day}`,
  /** The same for every copy of an event. */
  decision: (plan: string, event: { name: string; state: string; at: string }) =>
    `decisions/${plan}/${event.at}-${digestOf([event.name, event.state, event.at]).slice(0, 16)}.json`,
  changes: (plan: string, day = '') => `changes/${plan}/${day}`,
  change: (plan: string, at: string) => `changes/${plan}/${at}.json`,
  drill: (plan: string, path: string) => `drills/${plan}/${path}.json`,
  /** What was last heard of each alarm of a plan. */
  alarms: (plan: string) => `alarms/${plan}.json`,
}

/** The days from one time to another, both included. */
export const daysBetween = (from: Date, to: Date): string[] => {
  const days: string[] = []
  for (let day = Date.parse(dayOf(from.toISOString())); day <= to.getTime(); day += 86_400_000)
    days.push(dayOf(new Date(day).toISOString()))
  return days
}
