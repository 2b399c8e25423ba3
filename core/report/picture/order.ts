import type { Mesh, Strand } from '#core/report/picture/mesh.ts'

type Order = number[][]
const SWEEPS = 24

const positions = (order: Order): Map<number, number> =>
  new Map(order.flatMap((layer) => layer.map((knot, position): [number, number] => [knot, position])))

/** How much it costs that the strands of two knots of one layer cross when `left` stands left of `right`. */
const cost = (left: readonly Strand[], right: readonly Strand[], at: Map<number, number>, end: 'upper' | 'lower') => {
  let sum = 0
  for (const a of left)
    for (const b of right) if ((at.get(a[end]) ?? 0) > (at.get(b[end]) ?? 0)) sum += a.weight * b.weight
  return sum
}

interface Sides {
  readonly up: Map<number, Strand[]>
  readonly down: Map<number, Strand[]>
}

/** Crossings of the lines between neighbouring layers; one with a heavier line counts more. */
const crossings = (order: Order, { down }: Sides): number => {
  const at = positions(order)
  let sum = 0
  for (const layer of order)
    for (const [i, left] of layer.entries())
      for (const right of layer.slice(i + 1)) sum += cost(down.get(left) ?? [], down.get(right) ?? [], at, 'lower')
  return sum
}

/** Swaps neighbours as long as that saves crossings. */
const transposed = (order: Order, { up, down }: Sides): Order => {
  const next = order.map((layer) => [...layer])
  const at = positions(next)
  for (let better = true; better; ) {
    better = false
    for (const layer of next)
      for (let i = 0; i + 1 < layer.length; i++) {
        const [left, right] = [layer[i] ?? 0, layer[i + 1] ?? 0]
        const both = (a: number, b: number) =>
          cost(up.get(a) ?? [], up.get(b) ?? [], at, 'upper') + cost(down.get(a) ?? [], down.get(b) ?? [], at, 'lower')
        if (both(right, left) >= both(left, right)) continue
        layer[i] = right
        layer[i + 1] = left
        at.set(right, i).set(left, i + 1)
        better = true
      }
  }
  return next
}

/** The first order: as a walk from the first box meets the knots. */
const walked = <A>({ knots, strands, layers }: Mesh<A>): Order => {
  const order: Order = Array.from({ length: layers }, () => [])
  const below = new Map<number, number[]>()
  for (const { upper, lower } of strands) below.set(upper, [...(below.get(upper) ?? []), lower])
  const seen = new Set<number>()
  const walk = (index: number) => {
    if (seen.has(index)) return
    seen.add(index)
    order[knots[index]?.layer ?? 0]?.push(index)
    for (const next of below.get(index) ?? []) walk(next)
  }
  for (const { index } of knots) walk(index)
  return order
}

/** Sorts one layer by the weighted mean position of each knot's neighbours; a knot without any keeps its own. */
const sorted = (layer: readonly number[], neighbours: Map<number, Strand[]>, at: Map<number, number>): number[] => {
  const mean = new Map(
    layer.map((knot, position): [number, number] => {
      const strands = neighbours.get(knot) ?? []
      const weight = strands.reduce((sum, strand) => sum + strand.weight, 0)
      const other = (strand: Strand) => at.get(strand.upper === knot ? strand.lower : strand.upper) ?? 0
      const sum = strands.reduce((total, strand) => total + other(strand) * strand.weight, 0)
      return [knot, weight === 0 ? position : sum / weight]
    }),
  )
  return [...layer].sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0))
}

const grouped = (strands: readonly Strand[], key: (strand: Strand) => number): Map<number, Strand[]> => {
  const groups = new Map<number, Strand[]>()
  for (const strand of strands) groups.set(key(strand), [...(groups.get(key(strand)) ?? []), strand])
  return groups
}

/** The knots of each layer from left to right, with few crossings: barycentre sweeps and swaps, the best order kept. */
export const ordering = <A>(net: Mesh<A>): Order => {
  const sides = { up: grouped(net.strands, ({ lower }) => lower), down: grouped(net.strands, ({ upper }) => upper) }
  let order = walked(net)
  let best = { order, crossings: crossings(order, sides) }
  for (let sweep = 0; sweep < SWEEPS && best.crossings > 0; sweep++) {
    const downwards = sweep % 2 === 0
    const next = [...order]
    const layers = [...order.keys()]
    for (const layer of downwards ? layers : layers.reverse())
      next[layer] = sorted(next[layer] ?? [], downwards ? sides.up : sides.down, positions(next))
    order = transposed(next, sides)
    const now = crossings(order, sides)
    if (now < best.crossings) best = { order, crossings: now }
  }
  return best.order
}
