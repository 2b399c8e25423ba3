import type { Run } from '#core/incident/run.ts'
import { digestOf, readJson, writeJson } from '#core/json.ts'
import type { Objects } from '#core/ports.ts'
import { recordedKeys } from '#core/recorded/keys.ts'

interface Looked {
  readonly kind: string
  readonly input: unknown
}

const keyOf = (run: Run, { kind, input }: Looked): string => recordedKeys.found(run.incident, digestOf([kind, input]))

/** What a step found before it changed anything in this incident; `null` when it has changed nothing. */
export const readFound = async (run: Run, step: Looked, objects: Objects): Promise<unknown> => {
  const kept = await readJson(objects, keyOf(run, step))
  return kept && (kept.value as { readonly found: unknown }).found
}

/**
 * Writes down what a step found before it changes anything, once: killed and run again, what it found the first time stays.
 * `found` must hold no secrets.
 */
export const keepFound = async (
  run: Run,
  step: Looked & { readonly record: string | null; readonly found: unknown },
  { objects, at }: { readonly objects: Objects; readonly at: string },
): Promise<void> => {
  await writeJson(objects, keyOf(run, step), { ...step, at }, { ifAbsent: true })
}
