import { columns } from '#core/report/picture/columns.ts'
import { type Course, type Mesh, mesh, type WeightedArrow } from '#core/report/picture/mesh.ts'
import { ordering } from '#core/report/picture/order.ts'
import { place } from '#core/report/picture/place.ts'

export interface Size {
  readonly width: number
  readonly height: number
}
export interface Point {
  readonly x: number
  readonly y: number
}
export interface Rectangle extends Point, Size {}

/** An arrow and the points that it goes through: straight down or up where x stays, a curve where it changes. */
export interface Route<A> {
  readonly arrow: A
  readonly points: readonly Point[]
}

export interface Layered<A> extends Size {
  /** Top left corners, in the order of the sizes. */
  readonly boxes: readonly Rectangle[]
  readonly routes: readonly Route<A>[]
}

/** What fits beside the list of the states on a page of 1280 pixels. */
const WANTED = 820
/** Of that width, what the boxes of a layer may take: beside them is the room for the lines that pass. */
const CROWDED = 0.55
const PORTS_APART = 12
/** The corners of a box are round. */
const CORNER = 14
/** The line that can be straight stays so, and the others make room. */
const STRAIGHT = 10_000
const rounded = (value: number) => Math.round(value * 2) / 2
/** Between two layers: a line that goes far to the side needs the room for a curve that can be followed. */
const between = (sideways: number) => Math.min(60, 26 + sideways * 0.05)

const bands = (net: Mesh<unknown>, heights: readonly number[], centres: readonly number[]) => {
  const tops: number[] = []
  const bottoms: number[] = []
  let y = 0
  for (let layer = 0; layer < net.layers; layer++) {
    const here = net.knots.filter((knot) => knot.layer === layer)
    const sideways = net.strands
      .filter(({ upper }) => net.knots[upper]?.layer === layer)
      .map(({ upper, lower }) => Math.abs((centres[upper] ?? 0) - (centres[lower] ?? 0)))
    tops.push(y)
    y += Math.max(0, ...here.map(({ box }) => heights[box ?? -1] ?? 0))
    bottoms.push(y)
    y += rounded(between(Math.max(0, ...sideways)))
  }
  return { tops, bottoms, height: bottoms.at(-1) ?? 0 }
}

/** Where each strand leaves or enters its boxes: towards its other end, and apart from the others of that side. */
const portsOf = (net: Mesh<unknown>, centres: readonly number[], widths: readonly number[]) => {
  const ports = new Map<string, number>()
  for (const { index, box } of net.knots)
    for (const side of ['upper', 'lower'] as const) {
      const other = side === 'upper' ? 'lower' : 'upper'
      const strands = net.strands
        .filter((strand) => strand[side] === index)
        .sort((a, b) => (centres[a[other]] ?? 0) - (centres[b[other]] ?? 0))
      const centre = centres[index] ?? 0
      const reach = box === null ? 0 : Math.max(0, (widths[box] ?? 0) / 2 - CORNER)
      const straight = strands.findIndex((strand) => strand.spine)
      const beside = straight < 0 ? (strands.length - 1) / 2 : Math.max(straight, strands.length - 1 - straight)
      const apart = beside > 0 ? Math.min(PORTS_APART, reach / beside) : 0
      const wishes = strands.map((strand) => {
        const there = centres[strand[other]] ?? 0
        return {
          at: Math.max(centre - reach, Math.min(centre + reach, there)),
          weight: there === centre ? STRAIGHT : 1,
        }
      })
      for (const [i, x] of place(wishes, () => apart).entries()) {
        const [least, most] = [centre - reach + i * apart, centre + reach - (strands.length - 1 - i) * apart]
        const strand = strands[i]
        if (strand) ports.set(`${side} ${strand.upper} ${strand.lower}`, rounded(Math.max(least, Math.min(most, x))))
      }
    }
  return ports
}

/**
 * Boxes in layers from top to bottom, arrows as lines that cross no box. Deterministic: the same input gives the same
 * picture. Arrows name boxes by their index; of a cycle, the arrow that comes last leads up.
 */
export const layered = <A extends WeightedArrow>(sizes: readonly Size[], arrows: readonly A[]): Layered<A> => {
  if (sizes.length === 0) return { width: 0, height: 0, boxes: [], routes: [] }
  const widths = sizes.map(({ width }) => width)
  const net = mesh(sizes.length, arrows, { widths, most: CROWDED * WANTED })
  const centres = columns(net, ordering(net, widths, WANTED), widths, WANTED)
  const { tops, bottoms, height } = bands(
    net,
    sizes.map((size) => size.height),
    centres,
  )
  const ports = portsOf(net, centres, widths)
  const boxes = sizes.map((size, index) => {
    const [top, bottom] = [tops[net.knots[index]?.layer ?? 0] ?? 0, bottoms[net.knots[index]?.layer ?? 0] ?? 0]
    return { ...size, x: (centres[index] ?? 0) - size.width / 2, y: rounded(top + (bottom - top - size.height) / 2) }
  })
  const strand = (upper: number, lower: number): Point[] => {
    const [above, below] = [net.knots[upper], net.knots[lower]]
    const [start, end] = [ports.get(`upper ${upper} ${lower}`) ?? 0, ports.get(`lower ${upper} ${lower}`) ?? 0]
    const [from, to] = [boxes[above?.box ?? -1], boxes[below?.box ?? -1]]
    const [bottom, top] = [bottoms[above?.layer ?? 0] ?? 0, tops[below?.layer ?? 0] ?? 0]
    return [
      { x: start, y: from ? from.y + from.height : bottom },
      { x: start, y: bottom },
      { x: end, y: top },
      { x: end, y: to ? to.y : (bottoms[below?.layer ?? 0] ?? 0) },
    ]
  }
  const along = ({ arrow, knots }: Course<A>): Route<A> => {
    const points = knots.slice(0, -1).flatMap((one, i) => {
      const other = knots[i + 1] ?? one
      const turned = (net.knots[other]?.layer ?? 0) < (net.knots[one]?.layer ?? 0)
      return turned ? strand(other, one).reverse() : strand(one, other)
    })
    return { arrow, points }
  }
  const loops = arrows
    .filter(({ from, to }) => from === to)
    .map((arrow) => ({ arrow, points: loop(boxes[arrow.from]) }))
  const right = Math.max(...boxes.map(({ x, width }) => x + width), ...centres)
  return { boxes, routes: [...net.courses.map(along), ...loops], width: right, height }
}

/** Out of the lower right edge and back into the upper one. */
const loop = (box: Rectangle | undefined): Point[] =>
  box ? [0.75, 0.25].map((part) => ({ x: box.x + box.width, y: box.y + box.height * part })) : []
