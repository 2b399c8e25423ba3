import type { Baseline, Measurement } from '#core/baseline/document.ts'
import { printTable } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { absoluteLimit, isBeyond, type Signal, type SignalLimit } from '#core/plan/signals.ts'

/** One value then and now. `null`: it was not there, or not measured. */
export interface Compared {
  readonly kind: 'signal' | 'time' | 'rows' | 'bytes' | 'setting'
  readonly what: string
  readonly recorded: number | string | null
  readonly measured: number | string | null
  /** Change in percent; `null` where there is none to tell, as from nothing. */
  readonly percent: number | null
  /** Of signals: the limit in the unit of the value. */
  readonly limit: SignalLimit
  /** `unknown`: there is a limit, and no value to compare with it. Signals without a limit are `within`. */
  readonly verdict: 'within' | 'exceeded' | 'unknown'
}

const percentOf = (then: number | undefined, now: number | undefined): number | null =>
  then === undefined || now === undefined || then === 0 ? null : (100 * (now - then)) / then

const plain = (kind: Compared['kind'], what: string, then?: number | string, now?: number | string): Compared => ({
  ...{ kind, what, recorded: then ?? null, measured: now ?? null },
  percent: percentOf(typeof then === 'number' ? then : undefined, typeof now === 'number' ? now : undefined),
  limit: null,
  verdict: 'within',
})

/** Against a recorded baseline the compared one counts; a number in the plan stays what it is. */
const limitOf = (signal: Signal, then: number | undefined): SignalLimit | 'unknown' => {
  if (typeof signal.baseline !== 'string') return absoluteLimit({ limit: signal.limit, baseline: signal.baseline })
  return then === undefined ? 'unknown' : absoluteLimit({ limit: signal.limit, baseline: then })
}

const verdictOf = (limit: SignalLimit | 'unknown', now: number | undefined): Compared['verdict'] => {
  if (limit === null) return 'within'
  if (limit === 'unknown' || now === undefined) return 'unknown'
  return isBeyond(now, limit) ? 'exceeded' : 'within'
}

const compareSignals = (plan: Plan, before: Baseline, after: Measurement): Compared[] =>
  Object.entries(plan.signals).flatMap(([what, signal]): Compared[] => {
    const [then, now] = [before.signals[what]?.p50, after.signals[what]?.p50]
    const asked = now !== undefined || after.unmeasured[what] !== undefined
    if (!asked) return []
    // Of a rate, one value says nothing.
    const limit = signal.rate === undefined ? limitOf(signal, then) : null
    return [
      {
        ...plain('signal', what, then, now),
        limit: limit === 'unknown' ? null : limit,
        verdict: verdictOf(limit, now),
      },
    ]
  })

const keysOf = (...records: Readonly<Record<string, unknown>>[]): string[] => [
  ...new Set(records.flatMap((record) => Object.keys(record))),
]

const bytesOf = ({ tables }: Measurement): Record<string, number> =>
  Object.fromEntries(
    tables.flatMap((table) => [
      [`table ${printTable(table)}`, table.bytes] as const,
      ...table.indexes.map((index) => [`index ${printTable(index)}`, index.bytes] as const),
    ]),
  )

const rowsOf = ({ tables }: Measurement): Record<string, number> =>
  Object.fromEntries(tables.map((table) => [printTable(table), table.rows]))

/** Every value that was measured now, beside what it was. `after` may be of the database, of the metrics, or of both. */
export const compareWith = (plan: Plan, before: Baseline, after: Measurement): Compared[] => {
  const each = (
    kind: Compared['kind'],
    then: Readonly<Record<string, number | string>>,
    now: Readonly<Record<string, number | string>>,
  ) => (Object.keys(now).length === 0 ? [] : keysOf(then, now).map((key) => plain(kind, key, then[key], now[key])))
  const times = ({ timings }: Measurement, of: 'p50' | 'p95') =>
    Object.fromEntries(Object.entries(timings).map(([key, spread]) => [`${key} (${of})`, spread[of]]))
  return [
    ...compareSignals(plan, before, after),
    ...each('time', times(before, 'p50'), times(after, 'p50')),
    ...each('time', times(before, 'p95'), times(after, 'p95')),
    ...each('rows', rowsOf(before), rowsOf(after)),
    ...each('bytes', bytesOf(before), bytesOf(after)),
    ...each('setting', before.settings, after.settings),
  ]
}
