export interface Arrow {
  readonly from: number
  readonly to: number
}

/**
 * The arrows to turn round so that no cycle is left: those that would close one with the arrows before them. So the
 * order of the arrows says which of a cycle is to lead down.
 */
export const backArrows = <A extends Arrow>(count: number, arrows: readonly A[]): Set<A> => {
  const back = new Set<A>()
  const below = Array.from({ length: count }, (): number[] => [])
  const leads = (from: number, to: number): boolean => {
    const reached = new Set([from])
    for (const node of reached) for (const next of below[node] ?? []) reached.add(next)
    return reached.has(to)
  }
  for (const arrow of arrows) {
    const turned = leads(arrow.to, arrow.from)
    if (turned) back.add(arrow)
    const [upper, lower] = turned ? [arrow.to, arrow.from] : [arrow.from, arrow.to]
    below[upper]?.push(lower)
  }
  return back
}

export interface Crowd {
  /** The width of every node. */
  readonly widths: readonly number[]
  /** The nodes of a layer are together no wider than this, unless it has a single one. */
  readonly most: number
}

/**
 * Longest-path layering of an acyclic graph: every arrow goes to a later layer, and a node whose layer is full goes to
 * the next that has room. Nodes of `ends` go to the last layer, which is where a reader looks for the end.
 */
export const layering = (
  count: number,
  arrows: readonly Arrow[],
  ends: ReadonlySet<number>,
  { widths, most }: Crowd,
): number[] => {
  const layers = Array.from({ length: count }, () => 0)
  const used: number[] = []
  const settle = (node: number) => {
    let layer = layers[node] ?? 0
    const width = widths[node] ?? 0
    while ((used[layer] ?? 0) > 0 && (used[layer] ?? 0) + width > most) layer++
    used[layer] = (used[layer] ?? 0) + width
    layers[node] = layer
  }
  const waitingFor = Array.from({ length: count }, () => 0)
  for (const { to } of arrows) waitingFor[to] = (waitingFor[to] ?? 0) + 1
  const ready = [...layers.keys()].filter((node) => waitingFor[node] === 0)
  for (const node of ready) {
    if (!ends.has(node)) settle(node)
    for (const { from, to } of arrows) {
      if (from !== node) continue
      layers[to] = Math.max(layers[to] ?? 0, (layers[node] ?? 0) + 1)
      waitingFor[to] = (waitingFor[to] ?? 0) - 1
      if (waitingFor[to] === 0) ready.push(to)
    }
  }
  const bottom = Math.max(0, ...layers)
  return layers.map((layer, node) => (ends.has(node) ? bottom : layer))
}
