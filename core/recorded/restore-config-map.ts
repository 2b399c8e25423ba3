import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import type { Run } from '#core/incident/run.ts'
import { canonicalJson } from '#core/json.ts'
import type { Plan } from '#core/plan/load.ts'
import { type ConfigMapPlace, printConfigMap } from '#core/plan/workloads.ts'
import type { Clock, Objects } from '#core/ports.ts'
import type { ConfigMaps } from '#core/ports-platform.ts'
import { notLookedAt, recordedFor } from '#core/recorded/choose.ts'
import { keepFound } from '#core/recorded/found.ts'

interface Ports {
  readonly configMaps: ConfigMaps
  readonly objects: Objects
  readonly clock: Clock
}

/** Tries against others who write the same ConfigMap at the same moment. */
const TRIES = 3

const differences = (then: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string[] =>
  [...new Set([...Object.keys(then), ...Object.keys(now)])].filter((key) => then[key] !== now[key]).sort()

/**
 * Puts the data of a ConfigMap back to what was recorded, as a whole: a key that came later goes, and stands in the record of
 * the incident. Who reads it at its start needs a restart.
 */
export const restoreConfigMap = async (
  run: Run,
  plan: Plan,
  place: ConfigMapPlace,
  { configMaps, objects, clock }: Ports,
): Promise<{ changed: boolean; detail: string }> => {
  const chosen = await recordedFor(run, plan, objects)
  const then = chosen.record.configMaps?.[printConfigMap(place)]
  if (!then) throw notLookedAt(printConfigMap(place), chosen)
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const now = await configMaps.read(place)
    const keys = differences(then, now.data)
    if (keys.length === 0)
      return { changed: attempt > 1, detail: `${printConfigMap(place)} is as recorded at ${chosen.record.at}` }
    const found = { data: now.data }
    const step = { kind: 'restore-config', input: canonicalJson(place), record: chosen.key, found }
    await keepFound(run, step, { objects, at: clock.now().toISOString() })
    await requireMayChange(run, objects)
    if (await configMaps.write(place, then, now.version))
      return {
        changed: true,
        detail: `${printConfigMap(place)} put back as recorded at ${chosen.record.at}: ${keys.join(', ')}`,
      }
  }
  throw new RollbackError('ConfigMap.Contended', `${printConfigMap(place)} was written by others ${TRIES} times.`, {
    fix: 'Stop what writes it: an operator or a deployment. Then retry.',
    category: 'busy',
  })
}
