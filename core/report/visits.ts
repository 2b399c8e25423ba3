import type { RunReport, VisitedState } from '#core/report/model.ts'

/** All visits of one state. A loop visits it many times, and page and picture still show it once. */
export interface StateVisits {
  /** 1 for the state that was entered first; the number in the picture and in the list. */
  readonly order: number
  readonly name: string
  readonly visits: readonly VisitedState[]
  /** Milliseconds of all visits that ended. */
  readonly ms: number
  /** Calls beyond the first one of each visit. */
  readonly retries: number
  /** Of the last visit: a failure that a later visit made good is over. */
  readonly status: VisitedState['status']
  /** The last error of any visit. */
  readonly error: string | null
}

/** The visited states in the order in which they were first entered. */
export const visitsOf = (states: RunReport['states']): StateVisits[] => {
  const byName = new Map<string, [VisitedState, ...VisitedState[]]>()
  for (const state of states) {
    const visits = byName.get(state.name)
    if (visits) visits.push(state)
    else byName.set(state.name, [state])
  }
  return [...byName].map(([name, visits], index) => ({
    order: index + 1,
    name,
    visits,
    ms: visits.reduce((sum, visit) => sum + (visit.ms ?? 0), 0),
    retries: visits.reduce((sum, visit) => sum + visit.attempts - 1, 0),
    status: (visits.at(-1) ?? visits[0]).status,
    error: visits.reduce<string | null>((last, visit) => visit.error ?? last, null),
  }))
}
