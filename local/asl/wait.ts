import type { WaitState } from './definition.ts'
import { evaluateAs, evaluateWhole, framed, type Scene } from './jsonata.ts'
import type { Place } from './run.ts'
import { QueryEvaluationError } from './state-error.ts'
import { pause } from './time.ts'

const OFFSET_DATE_TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)$/

/** Milliseconds since 1970, or `null` for what is not a date and time with its offset: "2026-01-31T12:00:00Z". */
export function timestampMillis(text: string): number | null {
  if (!OFFSET_DATE_TIME.test(text)) return null
  const millis = Date.parse(text.toUpperCase())
  return Number.isNaN(millis) ? null : millis
}

/** Waits for the seconds, or until the time; a time that is past is no wait. */
export async function runWait(state: WaitState, scene: Scene, place: Place): Promise<void> {
  const { clock, passes } = place.run.env
  if (state.Seconds !== undefined) {
    const seconds = await evaluateWhole(state.Seconds, 'Seconds', scene)
    if (await passes?.(scene.state, seconds * 1000)) return
    return pause(clock, seconds, place.signal)
  }
  const text = await evaluateAs('string', state.Timestamp ?? null, 'Timestamp', scene)
  const millis = timestampMillis(text)
  if (millis === null) {
    throw new QueryEvaluationError(
      'Timestamp',
      framed(scene, `The Timestamp field is not an ISO 8601 date and time with an offset: ${JSON.stringify(text)}`),
    )
  }
  return pause(clock, (millis - clock.now().getTime()) / 1000, place.signal)
}
