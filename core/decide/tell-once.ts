import { BUCKET_MS, inTime } from '#core/decide/in-time.ts'
import { type DecisionRecord, keyOf, DecisionRecord as Schema } from '#core/decide/record.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Clock, Objects } from '#core/ports.ts'

/** Longer than the function may run: whoever began to tell before that has been killed. */
const TELLING_MS = 60_000

type Told = 'told' | 'told before'

/** Whether this copy of the event is the one that tells. */
const claim = async (objects: Objects, record: DecisionRecord, now: Date): Promise<boolean> => {
  const key = keyOf(record)
  const mine = { ...record, done: { ...record.done, telling: now.toISOString() } }
  if (await writeJson(objects, key, mine, { ifAbsent: true })) return true
  const found = await readJson(objects, key)
  const done = Schema.safeParse(found?.value).data?.done
  if (!found || !done) return true
  const begun = done.telling === null ? 0 : Date.parse(done.telling)
  if (done.told !== null || now.getTime() - begun < TELLING_MS) return false
  return (await writeJson(objects, key, mine, { ifMatch: found.etag })) !== null
}

/**
 * Sends a message once for all copies of an event. Without the bucket it is sent with every copy: twice is better than
 * never. Throws what the notifier throws, after it has made room for the next copy.
 */
export const tellOnce = async (
  record: DecisionRecord,
  send: () => Promise<void>,
  ports: { readonly objects: () => Objects; readonly clock: Clock },
): Promise<Told> => {
  const mine = await inTime(() => claim(ports.objects(), record, ports.clock.now()), BUCKET_MS, ports.clock)
  if (mine.known && !mine.value) return 'told before'
  const keep = async (telling: string | null, told: string | null): Promise<void> => {
    const kept = { ...record, done: { ...record.done, telling, told } }
    await inTime(() => writeJson(ports.objects(), keyOf(record), kept), BUCKET_MS, ports.clock)
  }
  try {
    await send()
  } catch (error) {
    await keep(null, null)
    throw error
  }
  await keep(null, ports.clock.now().toISOString())
  return 'told'
}
