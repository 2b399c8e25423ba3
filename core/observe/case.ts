import type { DecisionRecord } from '#core/decide/record.ts'
import { endOf } from '#core/observe/alarm-history.ts'
import type { Plan } from '#core/plan/load.ts'
import type { AlarmChange, ParameterChange } from '#core/ports.ts'
import { duration } from '#core/report/figures.ts'

/** People may see it before the alarm does, and go on after it is over. */
const BEFORE_MS = 30 * 60_000
const AFTER_MS = 60 * 60_000

/** A flag that got its safe value, by a hand that is not the product's. */
export interface Switched {
  readonly flag: string
  readonly at: string
  readonly by: string
}

/**
 * Whether it was right to go off, as far as one can tell. `true`: people switched the flag, too. `false`: it was over by
 * itself before its row's time was. `unknown`: anything else, also what was acted upon, since nobody knows what would have
 * become of it.
 */
export interface Verdict {
  readonly is: 'true' | 'false' | 'open' | 'unknown'
  readonly why: string
}

/** One alarm that went off, and what there is to say of it. Times in ISO 8601, lengths in milliseconds. */
export interface Case {
  readonly at: string
  readonly alarm: string
  readonly signal: string
  readonly severity: string
  /** Of the decision table, from 1. */
  readonly row: number | null
  readonly path: string | null
  /** How far it went. */
  readonly autonomy: string | null
  readonly action: string
  /** What would be done, sentence by sentence. */
  readonly course: readonly string[]
  /** From the alarm to the decision, and with it to containment where the row contains at once. */
  readonly decidedAfter: number
  readonly containsAtOnce: boolean
  readonly endedAt: string | null
  readonly people: Switched | null
  /** How long before people it was decided; negative when they were first. `null` when they switched nothing. */
  readonly ahead: number | null
  readonly verdict: Verdict
}

/** Every time that a flag of the plan got its safe value by somebody who is not one of our functions. */
export const switchedByPeople = (
  plan: Plan,
  environment: string,
  histories: Readonly<Record<string, readonly ParameterChange[]>>,
): Switched[] =>
  Object.entries(histories)
    .flatMap(([flag, changes]) =>
      changes.flatMap(({ value, at, by }, i): Switched[] => {
        const turned = value === plan.flags[flag]?.safe && changes[i - 1]?.value !== value
        // Roles of the stack are called after it.
        return turned && !by.includes(`/vector-rollback-${environment}-`) ? [{ flag, at, by }] : []
      }),
    )
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))

const verdictOf = (
  decided: DecisionRecord,
  { plan, endedAt, people, known }: { plan: Plan; endedAt: string | null; people: Switched | null; known: boolean },
): Verdict => {
  const lasted = endedAt === null ? null : Date.parse(endedAt) - Date.parse(decided.event.at)
  const within = plan.decide[(decided.row ?? 0) - 1]?.within
  if (people) return { is: 'true', why: `people set ${people.flag} to its safe value` }
  if (['started', 'joined'].includes(decided.done.action)) return { is: 'unknown', why: 'it was acted upon' }
  if (!known) return { is: 'unknown', why: 'the history of the alarm was not read' }
  if (lasted === null) return { is: 'open', why: 'it has not ended' }
  if (within === undefined) return { is: 'unknown', why: 'the plan has no such row any more' }
  return lasted <= within
    ? { is: 'false', why: `it was over by itself after ${duration(lasted)}` }
    : { is: 'unknown', why: `it lasted ${duration(lasted)}, and nobody switched a flag` }
}

/** `changes`: those of its alarm, `null` when they could not be read. */
export const caseOf = (
  decided: DecisionRecord,
  { plan, changes, switched }: { plan: Plan; changes: readonly AlarmChange[] | null; switched: readonly Switched[] },
): Case => {
  const { event, signal, severity, row, path, autonomy, course, done } = decided
  const at = Date.parse(event.at)
  const endedAt = changes && endOf(changes, event.at)
  const until = endedAt === null ? Number.POSITIVE_INFINITY : Date.parse(endedAt) + AFTER_MS
  const people = switched.find((one) => Date.parse(one.at) >= at - BEFORE_MS && Date.parse(one.at) <= until) ?? null
  return {
    ...{ at: event.at, alarm: event.alarm, signal, severity, row, path, course },
    autonomy: autonomy?.effective ?? null,
    action: done.action,
    decidedAfter: Date.parse(decided.decidedAt) - at,
    containsAtOnce: path !== 'monitor' && plan.decide[(row ?? 0) - 1]?.contain === 'immediately',
    endedAt,
    people,
    ahead: people ? Date.parse(people.at) - Date.parse(decided.decidedAt) : null,
    verdict: verdictOf(decided, { plan, endedAt, people, known: changes !== null }),
  }
}
