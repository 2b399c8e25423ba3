import type { Knot, Mesh, Strand } from '#core/report/picture/mesh.ts'

/** Two blocks side by side: how far their centres have to be apart, and the layer that asks for it. */
export interface Beside {
  readonly apart: number
  readonly layer: number
}

/** Knots that stand exactly above one another, and the blocks beside them. */
export interface Blocks {
  /** The block of every knot. */
  readonly of: readonly number[]
  readonly count: number
  /** For every block: the blocks directly to its right. */
  readonly right: readonly ReadonlyMap<number, Beside>[]
  /** The same, seen from the right. */
  readonly left: readonly ReadonlyMap<number, Beside>[]
  /** The strands inside blocks: the ones drawn as straight lines. */
  readonly straight: readonly Strand[]
}

/** How many of the ends are passages of longer lines. */
export const passages = (knots: readonly Knot[], { upper, lower }: Strand): number =>
  [upper, lower].filter((index) => knots[index]?.box === null).length

/** A long line is to be straight before its ends are: a bend in the middle of nowhere says nothing. */
const priority = (knots: readonly Knot[], strand: Strand): number =>
  strand.weight * ([1, 1.5, 8][passages(knots, strand)] ?? 1)

/** The strands, those first that are to be straight before others: the spine, then the heaviest. */
export const byPriority = ({ knots, strands }: Mesh<unknown>): Strand[] =>
  strands
    .map((strand) => ({ strand, rank: priority(knots, strand) }))
    .sort((a, b) => Number(b.strand.spine) - Number(a.strand.spine) || b.rank - a.rank)
    .map(({ strand }) => strand)

/**
 * Chooses the strands that are drawn as straight lines, of a mesh that has them by their priority: at most one up and one
 * down from a knot, and none that would cross another (Brandes and Köpf, 2001). So the order "left of" between blocks has
 * no cycle.
 */
const chooseStraight = (
  { knots, strands }: Mesh<unknown>,
  order: readonly (readonly number[])[],
  bent: ReadonlySet<Strand>,
): Strand[] => {
  const position = new Map(order.flatMap((layer) => layer.map((knot, at): [number, number] => [knot, at])))
  const at = (knot: number) => position.get(knot) ?? 0
  const chosen: Strand[][] = order.map(() => [])
  const [hasUpper, hasLower] = [new Set<number>(), new Set<number>()]
  for (const strand of strands) {
    const beside = chosen[knots[strand.upper]?.layer ?? 0] ?? []
    const crossing = beside.some((o) => (at(o.upper) - at(strand.upper)) * (at(o.lower) - at(strand.lower)) <= 0)
    if (bent.has(strand) || crossing || hasLower.has(strand.upper) || hasUpper.has(strand.lower)) continue
    beside.push(strand)
    hasLower.add(strand.upper)
    hasUpper.add(strand.lower)
  }
  return chosen.flat()
}

/** The blocks of an order, where the strands of `bent` are not to be straight; those of the mesh are in the order of `byPriority`. */
export const blocksOf = (
  net: Mesh<unknown>,
  order: readonly (readonly number[])[],
  apart: (left: Knot, right: Knot) => number,
  bent: ReadonlySet<Strand>,
): Blocks => {
  const straight = chooseStraight(net, order, bent)
  const above = new Map(straight.map(({ upper, lower }): [number, number] => [lower, upper]))
  const of = net.knots.map(() => -1)
  let count = 0
  for (const layer of order)
    for (const knot of layer) {
      const upper = above.get(knot)
      of[knot] = upper === undefined ? count++ : (of[upper] ?? 0)
    }
  const right = Array.from({ length: count }, () => new Map<number, Beside>())
  const left = Array.from({ length: count }, () => new Map<number, Beside>())
  for (const [layer, knots] of order.entries())
    for (const [i, one] of knots.slice(0, -1).entries()) {
      const other = knots[i + 1] ?? one
      const [a, b] = [net.knots[one], net.knots[other]]
      const [blockA, blockB] = [of[one] ?? 0, of[other] ?? 0]
      const known = right[blockA]?.get(blockB)
      if (!a || !b || (known && known.apart >= apart(a, b))) continue
      right[blockA]?.set(blockB, { apart: apart(a, b), layer })
      left[blockB]?.set(blockA, { apart: apart(a, b), layer })
    }
  return { of, count, right, left, straight }
}
