import type { VisitedState } from '#core/report/model.ts'
import type { Graph } from '#core/report/picture/graph.ts'

export const linkKey = (from: string, to: string): string => JSON.stringify([from, to])

export interface Taken {
  /** Keys of the links that the run went along. */
  readonly links: ReadonlySet<string>
  /** Choices that it must have passed; a history need not name them. */
  readonly passed: ReadonlySet<string>
  /** The states from the first to the last, each once: of a loop, what was left when the run went on from it. */
  readonly way: readonly string[]
}

/** The shortest way over states that leave no trace of their own; null when there is none. */
const silentWay = (graph: Graph, from: string, to: string, recorded: ReadonlySet<string>): string[] | null => {
  const silent = new Set(
    graph.states
      .filter(({ name, type }) => ['Choice', 'Pass'].includes(type) && !recorded.has(name))
      .map(({ name }) => name),
  )
  const ways: string[][] = [[from]]
  const seen = new Set([from])
  for (const way of ways)
    for (const link of graph.links.filter((candidate) => candidate.from === way.at(-1))) {
      if (link.to === to) return [...way, to]
      if (seen.has(link.to) || !silent.has(link.to)) continue
      seen.add(link.to)
      ways.push([...way, link.to])
    }
  return null
}

/** Coming back to a state of the way ends a loop, and what lies on the loop is no longer on the way. */
const onwards = (way: readonly string[], to: string): string[] => [
  ...(way.includes(to) ? way.slice(0, way.indexOf(to)) : way),
  to,
]

/** The way that the visits took through one level of the machine. */
export const takenIn = (graph: Graph, visits: readonly VisitedState[]): Taken => {
  const links = new Set<string>()
  const passed = new Set<string>()
  const names = new Set(graph.states.map(({ name }) => name))
  const recorded = new Set(visits.map(({ name }) => name))
  const here = visits.filter(({ name }) => names.has(name))
  let straight = here.slice(0, 1).map(({ name }) => name)
  for (const [index, { name }] of here.entries()) {
    const next = here[index + 1]
    const way = next && silentWay(graph, name, next.name, recorded)
    for (const [position, state] of (way ?? []).entries()) {
      const following = way?.[position + 1]
      if (following !== undefined) links.add(linkKey(state, following))
      if (!recorded.has(state)) passed.add(state)
    }
    straight = (way ?? (next ? [next.name] : [])).reduce(onwards, straight)
  }
  return { links, passed, way: straight }
}
