import { digestOf, writeJson } from '#core/json.ts'
import type { PlanName } from '#core/names.ts'
import type { Clock, DescribedAlarm, Objects } from '#core/ports.ts'

/**
 * What the sweep remembers of one change of one alarm, for one plan. Nothing is ever deleted from the bucket, so it outlives
 * the 90 days for which Step Functions knows the name of an execution.
 */
const sweptKey = (plan: PlanName, { name, state, since }: DescribedAlarm): string =>
  `swept/${plan}/${digestOf([name, state, since]).slice(0, 32)}.json`

export const wasSwept = async (objects: Objects, plan: PlanName, alarm: DescribedAlarm): Promise<boolean> =>
  (await objects.head(sweptKey(plan, alarm))) !== null

/** Written when all is done: a sweep that is killed before does it again. */
export const markSwept = async (
  { objects, clock }: { objects: Objects; clock: Clock },
  plan: PlanName,
  { name, state, since }: DescribedAlarm,
): Promise<void> => {
  const mark = { version: 1, alarm: name, state, since, sweptAt: clock.now().toISOString() }
  await writeJson(objects, sweptKey(plan, { name, state, since, reason: '' }), mark, { ifAbsent: true })
}
