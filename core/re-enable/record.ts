import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { keys } from '#core/incident/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { IncidentId } from '#core/names.ts'
import type { Objects } from '#core/ports.ts'

/** `incidents/<id>/re-enable.json`: written before the first flag, and before each step. */
export const ReEnabling = z.strictObject({
  /** Digest of what was approved. Another one is another attempt. */
  digest: z.string(),
  askedAt: z.string(),
  /** The gates, and the names of those who attested them. */
  attested: z.strictObject({ gates: z.array(z.string()), unmet: z.array(z.string()), by: z.array(z.string()) }),
  /** The version that each flag has when it is this ramp that has set it on. */
  flags: z.array(z.strictObject({ name: z.string(), parameter: z.string(), on: z.string(), version: z.int() })),
  /** The step that was last begun. */
  percent: z.number(),
  at: z.string(),
})
export type ReEnabling = z.infer<typeof ReEnabling>

export const readReEnabling = async (
  objects: Objects,
  id: IncidentId,
): Promise<{ record: ReEnabling; etag: string } | null> => {
  const found = await readJson(objects, keys.reEnabling(id))
  return found && { record: ReEnabling.parse(found.value), etag: found.etag }
}

/** Writes over what was read, and over nothing else. Throws `ReEnable.Contended`. */
export const writeReEnabling = async (
  objects: Objects,
  id: IncidentId,
  record: ReEnabling,
  found: { etag: string } | null,
): Promise<void> => {
  const condition = found ? { ifMatch: found.etag } : ({ ifAbsent: true } as const)
  if (await writeJson(objects, keys.reEnabling(id), record, condition)) return
  throw new RollbackError('ReEnable.Contended', `The record of re-enabling in "${id}" was written by another call.`, {
    fix: 'Two calls of one step ran at once; contain and start the restore again.',
    category: 'busy',
  })
}
