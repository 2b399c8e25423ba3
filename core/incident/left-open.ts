import { z } from 'zod'
import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { digestOf, readAllJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

/** `incidents/<id>/left-open/…`: what a run leaves for people to do, since no step of it may do it. */
const LeftOpen = z.strictObject({ what: z.string(), text: z.string(), at: z.string() })

/** Says what people have to do themselves; `what` tells one thing from another. The report asks them for it. */
export const leaveOpen = async (
  run: Pick<Run, 'incident'>,
  left: z.infer<typeof LeftOpen>,
  objects: Objects,
): Promise<void> => {
  const key = `${keys.leftOpen(run.incident)}${digestOf(left.what).slice(0, 20)}.json`
  await writeJson(objects, key, left, { ifAbsent: true })
}

/** One sentence or more for each, in no order. */
export const readLeftOpen = async (objects: Objects, id: IncidentId): Promise<string[]> =>
  (await readAllJson(objects, keys.leftOpen(id))).map(({ value }) => LeftOpen.parse(value).text)
