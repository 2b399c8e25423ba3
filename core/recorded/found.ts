import type { Run } from '#core/incident/run.ts'
import { digestOf, writeJson } from '#core/json.ts'
import type { Objects } from '#core/ports.ts'
import { recordedKeys } from '#core/recorded/keys.ts'

/**
 * Writes down what a step found before it changes anything, once: killed and run again, what it found the first time stays.
 * `found` must hold no secrets.
 */
export const keepFound = async (
  run: Run,
  step: { readonly kind: string; readonly input: unknown; readonly record: string | null; readonly found: unknown },
  { objects, at }: { readonly objects: Objects; readonly at: string },
): Promise<void> => {
  const key = recordedKeys.found(run.incident, digestOf([step.kind, step.input]))
  await writeJson(objects, key, { ...step, at }, { ifAbsent: true })
}
