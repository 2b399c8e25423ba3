import { z } from 'zod'
import type { AlarmState } from '#core/decide/alarm.ts'
import { decideKeys } from '#core/decide/keys.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Objects } from '#core/ports.ts'

/** `alarms/<plan>.json`: what was last heard of each alarm, by the signal that it means. */
const Heard = z.record(z.string(), z.strictObject({ alarm: z.string(), state: z.string(), at: z.string() }))
type Heard = z.infer<typeof Heard>

/** Alarms of one plan may change at the same instant, each in a function of its own. */
const TRIES = 40

const inAlarm = (heard: Heard): string[] =>
  Object.entries(heard).flatMap(([signal, { state }]) => (state === 'ALARM' ? [signal] : []))

/** An older state than the one that is known came late, and says nothing about now. */
const withState = (heard: Heard, signals: readonly string[], { name, state, at }: AlarmState): Heard => ({
  ...heard,
  ...Object.fromEntries(
    signals.flatMap((signal) => {
      const known = heard[signal]
      return known && Date.parse(known.at) > Date.parse(at) ? [] : [[signal, { alarm: name, state, at }]]
    }),
  ),
})

/**
 * Takes down the state of an alarm and gives back the signals of the plan that are in ALARM, as far as events told. Throws
 * `Bucket.*`.
 */
export const hearAlarm = async (
  objects: Objects,
  plan: string,
  signals: readonly string[],
  alarm: AlarmState,
): Promise<string[]> => {
  const key = decideKeys.alarms(plan)
  let heard: Heard = {}
  for (let tried = 0; tried < TRIES; tried++) {
    const found = await readJson(objects, key)
    const known = Heard.safeParse(found?.value).data ?? {}
    heard = withState(known, signals, alarm)
    const condition = found ? { ifMatch: found.etag } : ({ ifAbsent: true } as const)
    if (await writeJson(objects, key, heard, condition)) break
  }
  return inAlarm(heard)
}
