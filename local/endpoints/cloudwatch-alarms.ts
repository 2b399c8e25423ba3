import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeDurably } from './durable-file.ts'

export const StateValue = z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA'])
export type StateValue = z.output<typeof StateValue>

const time = z.iso.datetime().transform((text) => new Date(text))

const StoredAlarm = z.strictObject({
  name: z.string(),
  kind: z.enum(['MetricAlarm', 'CompositeAlarm']),
  /** What PutMetricAlarm or PutCompositeAlarm were given. */
  configuration: z.record(z.string(), z.unknown()),
  state: StateValue,
  reason: z.string(),
  /** When the value of the state changed. */
  transitionedAt: time,
  /** When the state was last set, also to the value that it had. */
  updatedAt: time,
})
export type StoredAlarm = z.output<typeof StoredAlarm>

/** The alarms of one state directory, in one file. Every change is on disk when the call returns. */
export class StoredAlarms {
  readonly #path: string
  #byName: ReadonlyMap<string, StoredAlarm>

  constructor(path: string) {
    this.#path = path
    this.#byName = new Map(load(path).map((alarm) => [alarm.name, alarm]))
  }

  get(name: string): StoredAlarm | undefined {
    return this.#byName.get(name)
  }

  /** By name. */
  all(): StoredAlarm[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** In memory only when it is on disk: a failed write changes nothing. */
  put(alarm: StoredAlarm): void {
    const alarms = new Map(this.#byName).set(alarm.name, alarm)
    writeDurably(this.#path, `${JSON.stringify([...alarms.values()], null, 2)}\n`)
    this.#byName = alarms
  }
}

const load = (path: string): StoredAlarm[] => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  return z.array(StoredAlarm).parse(JSON.parse(text))
}
