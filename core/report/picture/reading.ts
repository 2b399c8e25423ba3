import type { Graph, GraphState } from '#core/report/picture/graph.ts'

/** A line of the picture, or a leg of the way taken that the definition has no line for. */
export interface Leg {
  readonly from: string
  readonly to: string
  /** On the way taken. */
  readonly spine: boolean
}

export interface Reading<L> {
  readonly states: readonly GraphState[]
  readonly legs: readonly L[]
}

/**
 * The states and legs in the order in which they are told: the way taken, then what branches off it from its first
 * state to its last, then the rest from the start. A picture drawn in this order does not depend on where the states
 * stand in the definition.
 */
export const readingOrder = <L extends Leg>(
  { start, states }: Graph,
  way: readonly string[],
  legs: readonly L[],
): Reading<L> => {
  const known = new Map(states.map((state): [string, GraphState] => [state.name, state]))
  const leaving = new Map<string, L[]>()
  for (const leg of legs) leaving.set(leg.from, [...(leaving.get(leg.from) ?? []), leg])
  const told: L[] = []
  const met = new Set(way)
  const follow = (name: string) => {
    for (const leg of leaving.get(name) ?? []) {
      told.push(leg)
      if (met.has(leg.to)) continue
      met.add(leg.to)
      follow(leg.to)
    }
  }
  for (const name of way) follow(name)
  const heads = new Set(legs.filter(({ from, to }) => from !== to).map(({ to }) => to))
  const rest = [...known.keys()].sort((a, b) => Number(heads.has(a)) - Number(heads.has(b)) || (a < b ? -1 : 1))
  for (const name of [start, ...rest]) {
    if (met.has(name)) continue
    met.add(name)
    follow(name)
  }
  return {
    states: [...met].flatMap((name) => known.get(name) ?? []),
    legs: told.toSorted((a, b) => Number(b.spine) - Number(a.spine)),
  }
}
