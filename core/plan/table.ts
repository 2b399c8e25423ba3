import { containsByItself } from './autonomy.ts'
import type { CHANGES, Decision } from './decisions.ts'
import { minuteOfDay, printClock, printHours, within } from './hours.ts'
import type { Severity } from './vocabulary.ts'

/** What a row is compared with, besides the signal. `unknown` is what could not be read, and `off` what the plan does not ask. */
export interface Circumstances {
  readonly change: (typeof CHANGES)[number] | 'unknown' | 'off'
  /** Signals of the plan that are in ALARM, the one itself or not. */
  readonly also: readonly string[] | 'unknown'
  /** ISO 8601: when the alarm changed its state, so that every copy of its event meets the same row. */
  readonly at: string
}

export interface Occasion {
  readonly signal: string
  readonly severity: Severity
}

/** Why a row does not hold, and what is not known about it: empty and empty when it holds. */
export interface Judgement {
  readonly against: readonly string[]
  readonly unknown: readonly string[]
}

const known = (against: string | false): Judgement => ({ against: against ? [against] : [], unknown: [] })
const unknown = (what: string): Judgement => ({ against: [], unknown: [what] })

const ofSignal = ({ when, severity }: Decision, occasion: Occasion): Judgement[] => [
  known(!when.includes(occasion.signal) && `it is for ${when.join(', ')}`),
  known(severity !== undefined && severity !== occasion.severity && `it is for severity ${severity} only`),
]

const CHANGE_WORDS = { recent: 'there was no recent change', none: 'there was a recent change' } as const

const ofChange = ({ change }: Decision, is: Circumstances['change']): Judgement => {
  if (change === undefined) return known(false)
  return is === 'unknown' || is === 'off'
    ? unknown('whether there was a change')
    : known(change !== is && CHANGE_WORDS[change])
}

const ofOthers = ({ also }: Decision, is: Circumstances['also']): Judgement => {
  if (also === undefined) return known(false)
  if (is === 'unknown') return unknown(`whether ${also.join(', ')} is in ALARM`)
  const missing = also.filter((signal) => !is.includes(signal))
  return known(missing.length > 0 && `${missing.join(', ')} is not in ALARM`)
}

const ofHours = ({ during }: Decision, at: string): Judgement =>
  known(
    during !== undefined &&
      !during.some((hours) => within(hours, minuteOfDay(at))) &&
      `it is ${printClock(minuteOfDay(at))} UTC, not ${during.map(printHours).join(' or ')}`,
  )

/** Compares one row with what is the case. */
export const judge = (row: Decision, occasion: Occasion, circumstances: Circumstances): Judgement => {
  const all = [
    ...ofSignal(row, occasion),
    ofHours(row, circumstances.at),
    ofChange(row, circumstances.change),
    ofOthers(row, circumstances.also),
  ]
  return { against: all.flatMap(({ against }) => against), unknown: all.flatMap((one) => one.unknown) }
}

export interface Chosen {
  readonly row: Decision
  /** From 1, as people count the rows of `decide`. */
  readonly number: number
  /** What was taken for granted, since it could not be read: people are asked before anything but containment. */
  readonly unknown: readonly string[]
}

/**
 * The first row that holds. What could not be read counts as fulfilled for a row that does something, and not for one that
 * only monitors: people are asked then, and none is left alone with a graph. `null` when no row is for this signal.
 */
export const chooseRow = (
  table: readonly Decision[],
  occasion: Occasion,
  circumstances: Circumstances,
): Chosen | null => {
  const possible = table.flatMap((row, index) => {
    const { against, unknown: open } = judge(row, occasion, circumstances)
    return against.length === 0 ? [{ row, number: index + 1, unknown: open }] : []
  })
  return possible.find(({ row, unknown: open }) => open.length === 0 || row.path !== 'monitor') ?? possible[0] ?? null
}

/** Whether a row contains before anybody is asked, where the environment lets it. */
export const containsAtOnce = ({ contain, autonomy = 'act' }: Decision): boolean =>
  contain === 'immediately' && containsByItself(autonomy)

/** Whether to contain, by what is known without the bucket: a plan whose rows disagree about it is refused. */
export const containsUnread = (table: readonly Decision[], occasion: Occasion, at: string): boolean =>
  table.some(
    (row) =>
      judge(row, occasion, { change: 'unknown', also: 'unknown', at }).against.length === 0 && containsAtOnce(row),
  )
