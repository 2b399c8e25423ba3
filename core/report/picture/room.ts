import type { Knot, Mesh } from '#core/report/picture/mesh.ts'

const GAPS = { boxes: 26, mixed: 20, lines: 14 } as const
const gap = (a: Knot, b: Knot) =>
  a.box !== null && b.box !== null ? GAPS.boxes : a.box === null && b.box === null ? GAPS.lines : GAPS.mixed

export interface Room {
  readonly width: (knot: Knot) => number
  /** How far the centres of neighbours have to be apart. */
  readonly apart: (left: Knot, right: Knot) => number
}

/** The room that the knots of a mesh need, where `widths` are those of the boxes. */
export const roomFor = (widths: readonly number[]): Room => {
  const width = ({ box }: Knot) => (box === null ? 0 : (widths[box] ?? 0))
  return { width, apart: (left, right) => (width(left) + width(right)) / 2 + gap(left, right) }
}

/** The knots of the spine: at most one in a layer. */
export const spineOf = ({ strands }: Mesh<unknown>): ReadonlySet<number> =>
  new Set(strands.filter(({ spine }) => spine).flatMap(({ upper, lower }) => [upper, lower]))

/**
 * How many pixels a layer is too wide for a picture of `wanted` pixels whose spine stands at `at`, when no other line is
 * straight. 0 for every layer: such a picture can be had.
 */
export const excessOver = (net: Mesh<unknown>, spine: ReadonlySet<number>, room: Room, wanted: number) => {
  const reach = (knots: readonly Knot[]): number => {
    const last = knots.at(-1)
    const between = knots.slice(1).reduce((sum, knot, i) => sum + room.apart(knots[i] ?? knot, knot), 0)
    return last ? between + room.width(last) / 2 : 0
  }
  /** Left and right of the spine; a layer without it can stand anywhere, and has all of its width on the right. */
  const measure = (layer: readonly number[]) => {
    const knots = layer.flatMap((index) => net.knots[index] ?? [])
    const at = knots.findIndex(({ index }) => spine.has(index))
    if (at >= 0) return { free: false, left: reach(knots.slice(0, at + 1).reverse()), right: reach(knots.slice(at)) }
    return { free: true, left: 0, right: reach(knots) + (knots[0] ? room.width(knots[0]) / 2 : 0) }
  }
  const measured = new WeakMap<readonly number[], ReturnType<typeof measure>>()
  return (layer: readonly number[], at: number): number => {
    const known = measured.get(layer) ?? measure(layer)
    measured.set(layer, known)
    const { free, left, right } = known
    return Math.max(0, left - at) + Math.max(0, right - (free ? wanted : wanted - at))
  }
}
