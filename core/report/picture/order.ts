import { crossingsBy, crossingsIn, type Order, positions, transposed } from '#core/report/picture/crossings.ts'
import type { Mesh, Strand } from '#core/report/picture/mesh.ts'
import { narrow } from '#core/report/picture/narrow.ts'
import { excessOver, roomFor, spineOf } from '#core/report/picture/room.ts'

const SWEEPS = 24

/**
 * The first order: as a walk from the first box meets the knots, and what branches off the spine now to its left, now
 * to its right: where less is so far.
 */
const walked = ({ knots, strands, layers }: Mesh<unknown>, spine: ReadonlySet<number>): Order => {
  const order = Array.from({ length: layers }, (): number[] => [])
  const [before, after]: [number[][], number[][]] = [order.map(() => []), order.map(() => [])]
  const met = { before: 0, after: 0 }
  const below = new Map<number, number[]>()
  for (const { upper, lower } of strands) below.set(upper, [...(below.get(upper) ?? []), lower])
  const seen = new Set<number>()
  const walk = (index: number, side: 'before' | 'after') => {
    if (seen.has(index) || spine.has(index)) return
    seen.add(index)
    met[side]++
    const layer = knots[index]?.layer ?? 0
    if (side === 'before') before[layer]?.unshift(index)
    else after[layer]?.push(index)
    for (const next of below.get(index) ?? []) walk(next, side)
  }
  const lighter = () => (met.before < met.after ? 'before' : 'after')
  for (const index of spine) for (const next of below.get(index) ?? []) walk(next, lighter())
  for (const { index } of knots) walk(index, spine.size === 0 ? 'after' : lighter())
  for (const index of spine) order[knots[index]?.layer ?? 0]?.push(index)
  return order.map((middle, layer) => [...(before[layer] ?? []), ...middle, ...(after[layer] ?? [])])
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

/**
 * The knots of each layer from left to right: barycentre sweeps and swaps, and the order with the fewest crossings is
 * kept. If a picture of `wanted` pixels with a straight spine cannot have it, branches change sides until it can.
 */
export const ordering = (net: Mesh<unknown>, widths: readonly number[], wanted: number): Order => {
  const spine = spineOf(net)
  const sides = { up: grouped(net.strands, ({ lower }) => lower), down: grouped(net.strands, ({ upper }) => upper) }
  const between = crossingsBy(sides)
  let order = walked(net, spine)
  let best = { order, crossings: crossingsIn(order, between) }
  for (let sweep = 0; sweep < SWEEPS && best.crossings > 0; sweep++) {
    const downwards = sweep % 2 === 0
    const next = [...order]
    const at = positions(next)
    const layers = [...order.keys()]
    for (const layer of downwards ? layers : layers.reverse()) {
      const knots = sorted(next[layer] ?? [], downwards ? sides.up : sides.down, at)
      for (const [position, knot] of knots.entries()) at.set(knot, position)
      next[layer] = knots
    }
    order = transposed(next, sides)
    const now = crossingsIn(order, between)
    if (now < best.crossings) best = { order, crossings: now }
  }
  if (spine.size === 0) return best.order
  return narrow(net, best.order, {
    sides,
    between,
    spine,
    excess: excessOver(net, spine, roomFor(widths), wanted),
    wanted,
  })
}
