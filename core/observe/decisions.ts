import { z } from 'zod'
import { readAllJson } from '#core/json.ts'
import type { PlanName } from '#core/names.ts'
import type { Objects, TimeWindow } from '#core/ports.ts'

const DAY = 86_400_000

/** What is read here of `decisions/<plan>/<time of the alarm>-<digest>.json`. Times in ISO 8601. */
const Decided = z.looseObject({
  environment: z.string(),
  event: z.looseObject({ alarm: z.string(), state: z.string(), at: z.string() }),
  decidedAt: z.string(),
  signal: z.string(),
  severity: z.string(),
  /** Of the decision table, from 1. */
  row: z.int().positive().nullable(),
  path: z.string().nullable(),
  /** How far it went, and how far it would have gone if the environment allowed everything. */
  autonomy: z.looseObject({ effective: z.string(), would: z.string() }).nullable(),
  /** What would be done, sentence by sentence. */
  course: z.array(z.string()),
  done: z.looseObject({ action: z.string() }),
})
export type Decided = z.output<typeof Decided>

/**
 * What was decided about alarms that went off in the window, oldest first. Keys begin with the time of the alarm, so that
 * only its days are listed. A record that cannot be read has said nothing.
 */
export const decisionsBetween = async (objects: Objects, plan: PlanName, window: TimeWindow): Promise<Decided[]> => {
  const [from, to] = [window.from.getTime(), window.to.getTime()]
  const days: string[] = []
  for (let day = Math.floor(from / DAY) * DAY; day <= to; day += DAY)
    days.push(new Date(day).toISOString().slice(0, 10))
  const found = await Promise.all(days.map((day) => readAllJson(objects, `decisions/${plan}/${day}`)))
  return found
    .flat()
    .flatMap(({ value }) => Decided.safeParse(value).data ?? [])
    .filter(({ event }) => event.state === 'ALARM' && Date.parse(event.at) >= from && Date.parse(event.at) <= to)
    .sort((a, b) => Date.parse(a.event.at) - Date.parse(b.event.at))
}
