import type { VisitedState } from '#core/report/model.ts'
import type { Graph, GraphLink, GraphState } from '#core/report/picture/graph.ts'
import { layered, type Point, type Rectangle, type Size } from '#core/report/picture/layered.ts'
import { readingOrder } from '#core/report/picture/reading.ts'
import { linkKey, type Taken, takenIn } from '#core/report/picture/taken.ts'

export interface PictureBox extends Rectangle {
  readonly state: GraphState
  /** 0 at the top level. */
  readonly depth: number
  /** A choice that no history names, but that lies on the way. */
  readonly passed: boolean
}

export interface PictureLine extends GraphLink {
  readonly points: readonly Point[]
  readonly taken: boolean
}

export interface Picture extends Size {
  /** A box that holds others comes before them. */
  readonly boxes: readonly PictureBox[]
  readonly lines: readonly PictureLine[]
  /** Where the machine starts. */
  readonly entry: Point
}

/** Room inside a box that holds a graph: below its own text, at the sides and below. */
const PADDING = 14
const BRANCHES_APART = 28
/** Loops that the run went through stay close to the way taken. */
const TAKEN_PULL = 80

const shift =
  (by: Point) =>
  <P extends Point>(point: P): P => ({ ...point, x: point.x + by.x, y: point.y + by.y })

const moved = (picture: Picture, by: Point): Picture => ({
  ...picture,
  boxes: picture.boxes.map(shift(by)),
  lines: picture.lines.map((line) => ({ ...line, points: line.points.map(shift(by)) })),
  entry: shift(by)(picture.entry),
})

/** Branches side by side, from the same height. */
const sideBySide = (pictures: readonly Picture[]): Picture => {
  let width = 0
  const placed = pictures.map((picture) => {
    const here = moved(picture, { x: width, y: 0 })
    width += picture.width + BRANCHES_APART
    return here
  })
  return {
    width: Math.max(0, width - BRANCHES_APART),
    height: Math.max(0, ...pictures.map(({ height }) => height)),
    boxes: placed.flatMap(({ boxes }) => boxes),
    lines: placed.flatMap(({ lines }) => lines),
    entry: placed[0]?.entry ?? { x: 0, y: 0 },
  }
}

/** What is drawn of a level, and the legs that the way taken has without a line. */
const legsOf = ({ links }: Graph, taken: Taken) => {
  const steps = taken.way.slice(1).map((to, before) => ({ from: taken.way[before] ?? to, to }))
  const spine = new Set(steps.map(({ from, to }) => linkKey(from, to)))
  const drawn = links.flatMap((link) => {
    const key = linkKey(link.from, link.to)
    const isTaken = taken.links.has(key)
    if (link.kind !== 'next' && !isTaken) return []
    return [{ ...link, link, spine: spine.has(key), weight: isTaken ? TAKEN_PULL : 1 }]
  })
  const lines = new Set(drawn.map(({ from, to }) => linkKey(from, to)))
  const unknown = steps.filter(({ from, to }) => !lines.has(linkKey(from, to)))
  return [...drawn, ...unknown.map((step) => ({ ...step, link: null, spine: true, weight: TAKEN_PULL }))]
}

/**
 * The picture of a machine. The way taken runs straight down, and where a state stands in the definition does not
 * matter. `sizeOf` is the room that the text of a state needs. A line after an error is drawn only
 * where the run took it: nearly every state has one to the same state, and together they would hide the rest.
 */
export const layout = (
  graph: Graph,
  visits: readonly VisitedState[],
  sizeOf: (state: GraphState) => Size,
  depth = 0,
): Picture => {
  const taken = takenIn(graph, visits)
  const { states, legs } = readingOrder(graph, taken.way, legsOf(graph, taken))
  const index = new Map(states.map(({ name }, position): [string, number] => [name, position]))
  const inner = states.map(({ inner: graphs }) =>
    graphs.length === 0 ? null : sideBySide(graphs.map((each) => layout(each, visits, sizeOf, depth + 1))),
  )
  const sizes = states.map((state, position) => {
    const [own, inside] = [sizeOf(state), inner[position]]
    return inside
      ? { width: Math.max(own.width, inside.width + 2 * PADDING), height: own.height + inside.height + 2 * PADDING }
      : own
  })
  const placed = layered(
    sizes,
    legs.map((leg) => ({ ...leg, from: index.get(leg.from) ?? 0, to: index.get(leg.to) ?? 0 })),
  )
  const boxes = states.flatMap((state, position) => {
    const box = placed.boxes[position]
    if (!box) return []
    const [own, inside] = [sizeOf(state), inner[position]]
    const corner = inside && { x: box.x + (box.width - inside.width) / 2, y: box.y + own.height + PADDING }
    const within = inside && corner ? moved(inside, corner) : null
    return [{ outer: { ...box, state, depth, passed: taken.passed.has(state.name) }, within }]
  })
  const start = placed.boxes[index.get(graph.start) ?? 0]
  return {
    width: placed.width,
    height: placed.height,
    boxes: boxes.flatMap(({ outer, within }) => [outer, ...(within?.boxes ?? [])]),
    lines: [
      ...placed.routes.flatMap(({ arrow: { link }, points }) =>
        link ? [{ ...link, points, taken: taken.links.has(linkKey(link.from, link.to)) }] : [],
      ),
      ...boxes.flatMap(({ within }) => within?.lines ?? []),
    ],
    entry: start ? { x: start.x + start.width / 2, y: start.y } : { x: 0, y: 0 },
  }
}
