import { keys } from '#core/incident/keys.ts'
import type { Run } from '#core/incident/run.ts'
import { readAllJson } from '#core/json.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import type { Flags, Objects } from '#core/ports.ts'
import { type ReEnabling, readReEnabling } from '#core/re-enable/record.ts'
import type { Verdict } from '#core/verify/run-check.ts'

const fail = (detail: string): Verdict => ({ status: 'fail', detail })

/**
 * A run that was joined has contained: the flags may have been safe at that moment, and then nothing tells by their
 * versions. Whoever joins contains again after it has written this record, so that one of the two sees the other.
 */
export const joinedSince = async (objects: Objects, id: IncidentId, since: string): Promise<string | null> => {
  const prefix = keys.joined(id)
  for (const { key, value } of await readAllJson(objects, prefix))
    if (Date.parse((value as { at: string }).at) >= Date.parse(since)) return key.slice(prefix.length, -'.json'.length)
  return null
}

const flagAsWritten = async (flags: Flags, { name, parameter, on, version }: ReEnabling['flags'][number]) => {
  const now = await flags.read(parameter as FlagPath)
  if (now?.value === on && now.version === version) return null
  const seen = now ? `"${now.value}" in version ${now.version}` : 'gone'
  return `Flag "${name}" is ${seen}, not "${on}" in version ${version}: somebody else has set it.`
}

/**
 * Whether the flags are as this ramp has set them, and nobody asked for containment since people were asked. Parameter
 * Store has no compare-and-set: the versions of the parameters stand for it.
 */
export const interference = async (
  run: Run,
  record: ReEnabling | null,
  { objects, flags }: { objects: Objects; flags: Flags },
): Promise<Verdict> => {
  if (record === null) return fail('Nothing is recorded of a ramp in this run.')
  const joined = await joinedSince(objects, run.incident, record.askedAt)
  if (joined !== null) return fail(`"${joined}" asked for containment since.`)
  try {
    for (const flag of record.flags) {
      const changed = await flagAsWritten(flags, flag)
      if (changed !== null) return fail(changed)
    }
  } catch (error) {
    return { status: 'unknown', detail: error instanceof Error ? error.message : String(error) }
  }
  return { status: 'pass', detail: 'the flags are as they were set' }
}

export const currentInterference = async (run: Run, ports: { objects: Objects; flags: Flags }): Promise<Verdict> =>
  interference(run, (await readReEnabling(ports.objects, run.incident))?.record ?? null, ports)
