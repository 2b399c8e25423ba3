import { type Order, type Sides, transposed } from '#core/report/picture/crossings.ts'
import type { Mesh } from '#core/report/picture/mesh.ts'

interface Rated {
  readonly order: Order
  readonly crossings: number
  /** Pixels. */
  readonly over: number
}
type Branch = ReadonlySet<number>
interface At {
  readonly spine: ReadonlySet<number>
  readonly sides: Sides
  readonly crossings: (order: Order) => number
  readonly over: (order: Order) => number
}
/** Where the spine may stand, as a part of the width. */
const SPINE_AT = [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8]

/** Pixels saved for each crossing more. */
const gain = (before: Rated, after: Rated): number =>
  (before.over - after.over) / Math.max(1, after.crossings - before.crossings)

/** What can change sides: a knot with all that hangs on it alone, with the line down from it, and by itself. */
const branches = ({ knots }: Mesh<unknown>, { up, down }: Sides, spine: ReadonlySet<number>): Set<number>[] =>
  knots.flatMap(({ index }) => {
    if (spine.has(index)) return []
    const [whole, line] = [new Set([index]), new Set([index])]
    for (const knot of whole)
      for (const { lower } of down.get(knot) ?? [])
        if (!spine.has(lower) && (up.get(lower) ?? []).every(({ upper }) => whole.has(upper) || spine.has(upper)))
          whole.add(lower)
    for (const knot of line) {
      const [only, ...others] = (down.get(knot) ?? []).filter(({ lower }) => !spine.has(lower))
      if (only && others.length === 0 && (up.get(only.lower) ?? []).length === 1) line.add(only.lower)
    }
    const own = new Set([index])
    return line.size === whole.size ? [whole, own] : [whole, line, own]
  })

/** The order with the knots of a group on the other side of the spine: next to it, or far from it. */
const across = (order: Order, group: ReadonlySet<number>, spine: ReadonlySet<number>, where: 'near' | 'far'): Order =>
  order.map((layer) => {
    const at = layer.findIndex((knot) => spine.has(knot))
    if (at < 0 || !layer.some((knot) => group.has(knot))) return layer
    const [left, right] = [layer.slice(0, at), layer.slice(at + 1)]
    const [leave, stay] = [(knot: number) => group.has(knot), (knot: number) => !group.has(knot)]
    const [toRight, toLeft] = [left.filter(leave).reverse(), right.filter(leave).reverse()]
    const [before, after] = [left.filter(stay), right.filter(stay)]
    const middle = layer.slice(at, at + 1)
    return where === 'near'
      ? [...before, ...toLeft, ...middle, ...toRight, ...after]
      : [...toLeft, ...before, ...middle, ...after, ...toRight]
  })

/** Moves branches to the other side of a spine at `x` as long as that makes the widest layers narrower. */
const narrowed = (start: Order, groups: readonly Branch[], at: At): Rated => {
  const rated = (order: Order): Rated => ({ order, crossings: at.crossings(order), over: at.over(order) })
  let best = rated(start)
  while (best.over > 0) {
    const wide = new Set(best.order.flatMap((layer) => (at.over([layer]) > 0 ? layer : [])))
    const tries = groups
      .filter((group) => [...group].some((knot) => wide.has(knot)))
      .flatMap((group) => [across(best.order, group, at.spine, 'far'), across(best.order, group, at.spine, 'near')])
      .filter((moved) => at.over(moved) < best.over)
      .map(rated)
    const [most] = tries.sort((a, b) => gain(best, b) - gain(best, a))
    if (!most) return best
    const tidy = rated(transposed(most.order, at.sides))
    best = tidy.over <= most.over && tidy.crossings < most.crossings ? tidy : most
  }
  return best
}

export interface Narrowing {
  readonly sides: Sides
  readonly crossings: (order: Order) => number
  readonly spine: ReadonlySet<number>
  readonly excess: (order: Order, at: number) => number
  readonly wanted: number
}

/** The order, changed so far that a picture of `wanted` pixels with a straight spine can have it, or as near as it gets. */
export const narrow = (net: Mesh<unknown>, order: Order, { excess, wanted, ...how }: Narrowing): Order => {
  const groups = branches(net, how.sides, how.spine)
  const places = SPINE_AT.map((part) => part * wanted).sort((a, b) => excess(order, a) - excess(order, b))
  let narrowest = { order, over: Number.POSITIVE_INFINITY }
  for (const x of places) {
    const here = narrowed(order, groups, { ...how, over: (some) => excess(some, x) })
    if (here.over < narrowest.over) narrowest = here
    if (narrowest.over === 0) break
  }
  return narrowest.order
}
