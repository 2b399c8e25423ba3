export interface Arrow {
  readonly from: number
  readonly to: number
}

/** Arrows against the order in which the nodes are written. One to an end is on no cycle, wherever the end stands. */
const againstOrder = <A extends Arrow>(arrows: readonly A[], ends: ReadonlySet<number>): Set<A> =>
  new Set(arrows.filter(({ from, to }) => to < from && !ends.has(to)))

/** Arrows that lead back to a node that a depth-first walk is still in. */
const againstWalk = <A extends Arrow>(count: number, arrows: readonly A[]): Set<A> => {
  const back = new Set<A>()
  const leaving = Array.from({ length: count }, (): A[] => [])
  for (const arrow of arrows) leaving[arrow.from]?.push(arrow)
  const state = new Uint8Array(count)
  const walk = (node: number) => {
    state[node] = 1
    for (const arrow of leaving[node] ?? []) {
      if (state[arrow.to] === 1) back.add(arrow)
      else if (state[arrow.to] === 0) walk(arrow.to)
    }
    state[node] = 2
  }
  for (let node = 0; node < count; node++) if (state[node] === 0) walk(node)
  return back
}

/**
 * The arrows to turn round so that no cycle is left. The order of a definition usually is its author's story and the
 * better guess; keys that something has sorted are not, and then the walk has fewer.
 */
export const backArrows = <A extends Arrow>(count: number, arrows: readonly A[], ends: ReadonlySet<number>): Set<A> => {
  const [order, walk] = [againstOrder(arrows, ends), againstWalk(count, arrows)]
  return order.size <= walk.size ? order : walk
}

/**
 * Longest-path layering of an acyclic graph: every arrow goes to a later layer. Nodes of `ends` go to the last layer,
 * which is where a reader looks for the end.
 */
export const layering = (count: number, arrows: readonly Arrow[], ends: ReadonlySet<number>): number[] => {
  const layers = Array.from({ length: count }, () => 0)
  const waitingFor = Array.from({ length: count }, () => 0)
  for (const { to } of arrows) waitingFor[to] = (waitingFor[to] ?? 0) + 1
  const ready = [...layers.keys()].filter((node) => waitingFor[node] === 0)
  for (const node of ready)
    for (const { from, to } of arrows) {
      if (from !== node) continue
      layers[to] = Math.max(layers[to] ?? 0, (layers[node] ?? 0) + 1)
      waitingFor[to] = (waitingFor[to] ?? 0) - 1
      if (waitingFor[to] === 0) ready.push(to)
    }
  const bottom = Math.max(0, ...layers)
  return layers.map((layer, node) => (ends.has(node) ? bottom : layer))
}
