import { type Beside, type Blocks, blocksOf, byPriority, passages } from '#core/report/picture/blocks.ts'
import type { Mesh, Strand } from '#core/report/picture/mesh.ts'
import { roomFor } from '#core/report/picture/room.ts'

/** Blocks as far to the left as they can stand, which is as narrow as they can be. */
export interface Packed extends Blocks {
  readonly centres: readonly number[]
  /** Half the width of every block, and the layer that asks for it. */
  readonly half: readonly Beside[]
  /** Every block after all those to its left. */
  readonly rightwards: readonly number[]
  readonly width: number
}

/** Pixels that the picture may be wider for a straight line where the run went. */
const WORTH_IT = 24

const sequence = ({ left, right }: Blocks): number[] => {
  const waiting = left.map((blocks) => blocks.size)
  const ready = [...waiting.keys()].filter((block) => waiting[block] === 0)
  for (const block of ready)
    for (const next of right[block]?.keys() ?? []) {
      waiting[next] = (waiting[next] ?? 0) - 1
      if (waiting[next] === 0) ready.push(next)
    }
  return ready
}

const pack = (
  net: Mesh<unknown>,
  order: readonly (readonly number[])[],
  widths: readonly number[],
  bent: ReadonlySet<Strand>,
): Packed => {
  const { width, apart } = roomFor(widths)
  const blocks = blocksOf(net, order, apart, bent)
  const half = Array.from({ length: blocks.count }, (): Beside => ({ apart: 0, layer: 0 }))
  for (const knot of net.knots) {
    const block = blocks.of[knot.index] ?? 0
    if (width(knot) / 2 > (half[block]?.apart ?? 0)) half[block] = { apart: width(knot) / 2, layer: knot.layer }
  }
  const rightwards = sequence(blocks)
  const centres = half.map(({ apart }) => apart)
  for (const block of rightwards)
    for (const [other, { apart }] of blocks.left[block] ?? [])
      centres[block] = Math.max(centres[block] ?? 0, (centres[other] ?? 0) + apart)
  const whole = Math.max(...centres.map((centre, block) => centre + (half[block]?.apart ?? 0)))
  return { ...blocks, half, rightwards, centres, width: whole }
}

/**
 * The straight lines that make the picture as wide as it is, without the spine. From its rightmost block go to the neighbour that holds
 * it there, and so on to the left edge: where such a block is pushed in one layer and pushes in another, every line
 * between the two is to blame.
 */
const toBlame = (net: Mesh<unknown>, packed: Packed): Strand[] => {
  const { centres, half, left, of, straight } = packed
  const blamed: Strand[] = []
  let block = centres.findIndex((centre, index) => centre + (half[index]?.apart ?? 0) === packed.width)
  let layer = half[block]?.layer ?? 0
  for (;;) {
    const here = centres[block] ?? 0
    const holding = [...(left[block] ?? [])].find(([other, { apart }]) => (centres[other] ?? 0) + apart === here)
    const entered = holding ? holding[1].layer : (half[block]?.layer ?? layer)
    const [first, last] = [Math.min(layer, entered), Math.max(layer, entered)]
    for (const strand of straight) {
      const upper = net.knots[strand.upper]?.layer ?? 0
      if (!strand.spine && of[strand.upper] === block && upper >= first && upper < last) blamed.push(strand)
    }
    if (!holding) return blamed
    block = holding[0]
    layer = entered
  }
}

/**
 * Packs, and lets lines bend as long as the picture is wider than `wanted`, the spine never: lines that the run did not take first, long
 * ones before short ones, lower ones before upper ones. Then the lines whose bend bought nothing become straight again.
 */
export const packNarrow = (
  whole: Mesh<unknown>,
  order: readonly (readonly number[])[],
  widths: readonly number[],
  wanted: number,
): Packed => {
  const net = { ...whole, strands: byPriority(whole) }
  const layer = ({ upper }: Strand) => net.knots[upper]?.layer ?? 0
  const tried = new Set<Strand>()
  let [packed, bent] = [pack(net, order, widths, tried), new Set<Strand>()]
  let best = packed
  while (packed.width > wanted) {
    const [bend] = toBlame(net, packed).sort(
      (a, b) => a.weight - b.weight || passages(net.knots, b) - passages(net.knots, a) || layer(b) - layer(a),
    )
    if (!bend) break
    tried.add(bend)
    packed = pack(net, order, widths, tried)
    if (packed.width < best.width) [best, bent] = [packed, new Set(tried)]
  }
  const narrow = Math.max(best.width, wanted)
  const lightest = Math.min(...[...bent].map(({ weight }) => weight))
  for (const strand of [...bent].sort((a, b) => b.weight - a.weight)) {
    const fewer = new Set([...bent].filter((other) => other !== strand))
    packed = pack(net, order, widths, fewer)
    if (packed.width <= narrow + (strand.weight > lightest ? WORTH_IT : 0)) [best, bent] = [packed, fewer]
  }
  return best
}
