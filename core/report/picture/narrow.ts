import { crossingsIn, type Order, type Sides, transposed } from '#core/report/picture/crossings.ts'
import type { Mesh } from '#core/report/picture/mesh.ts'

interface Rated {
  readonly order: Order
  readonly crossings: number
  /** Pixels. */
  readonly over: number
}
interface Branch {
  readonly knots: ReadonlySet<number>
  /** Those that its knots are in. */
  readonly layers: ReadonlySet<number>
}
/** The layers that change, by their number. */
type Move = ReadonlyMap<number, readonly number[]>
interface At {
  readonly spine: ReadonlySet<number>
  readonly sides: Sides
  readonly between: (upper: readonly number[], lower: readonly number[]) => number
  /** Pixels. */
  readonly over: (layer: readonly number[]) => number
}
/** Where the spine may stand, as a part of the width; the best of them at the start are tried out. */
const SPINE_AT = [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8]
const TRIED = 2

/** Of what a move was worth before others were made. */
const STILL_WORTH = 0.5

/** What can change sides: a knot with all that hangs on it alone, with the line down from it, and by itself. */
const branches = ({ knots }: Mesh<unknown>, { up, down }: Sides, spine: ReadonlySet<number>): Branch[] =>
  knots
    .flatMap(({ index }) => {
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
    .map((group) => ({ knots: group, layers: new Set([...group].map((knot) => knots[knot]?.layer ?? 0)) }))

/** A branch on the other side of the spine: next to it, or far from it. */
const across = (order: Order, { knots, layers }: Branch, spine: ReadonlySet<number>, where: 'near' | 'far'): Move => {
  const move = new Map<number, readonly number[]>()
  for (const number of layers) {
    const layer = order[number] ?? []
    const at = layer.findIndex((knot) => spine.has(knot))
    if (at < 0) continue
    const [left, right] = [layer.slice(0, at), layer.slice(at + 1)]
    const [leave, stay] = [(knot: number) => knots.has(knot), (knot: number) => !knots.has(knot)]
    const [toRight, toLeft] = [left.filter(leave).reverse(), right.filter(leave).reverse()]
    const [before, after] = [left.filter(stay), right.filter(stay)]
    const middle = layer.slice(at, at + 1)
    move.set(
      number,
      where === 'near'
        ? [...before, ...toLeft, ...middle, ...toRight, ...after]
        : [...toLeft, ...before, ...middle, ...after, ...toRight],
    )
  }
  return move
}

const made = (order: Order, move: Move): Order => order.map((layer, number) => move.get(number) ?? layer)

/** Pixels that a move saves. Thousands of moves are weighed: only the layers that change are looked at. */
const saves = (order: Order, move: Move, { over }: At): number =>
  [...move].reduce((sum, [number, layer]) => sum + over(order[number] ?? []) - over(layer), 0)

/** Crossings that a move makes. */
const crosses = (order: Order, move: Move, { between }: At): number => {
  let sum = 0
  for (const upper of new Set([...move.keys()].flatMap((number) => [number - 1, number]))) {
    const [here, below] = [order[upper], order[upper + 1]]
    if (here && below) sum += between(move.get(upper) ?? here, move.get(upper + 1) ?? below) - between(here, below)
  }
  return sum
}

/** The better way to move a branch across, and the pixels that it saves for each crossing more. */
const weighed = (order: Order, branch: Branch, at: At): { move: Move; gain: number } | null => {
  let best: { move: Move; gain: number } | null = null
  for (const where of ['far', 'near'] as const) {
    const move = across(order, branch, at.spine, where)
    const saved = saves(order, move, at)
    // No crossing makes a move better than what it saves; and rounding makes nothing narrower.
    if (saved < 1e-6 || saved <= (best?.gain ?? 0)) continue
    const gain = saved / Math.max(1, crosses(order, move, at))
    if (gain > (best?.gain ?? 0)) best = { move, gain }
  }
  return best
}

/** Moves branches to the other side of a spine at `x` as long as that makes the widest layers narrower. */
const narrowed = (start: Order, branches: readonly Branch[], at: At): Rated => {
  const rated = (order: Order): Rated => ({
    order,
    crossings: crossingsIn(order, at.between),
    over: order.reduce((sum, layer) => sum + at.over(layer), 0),
  })
  let best = rated(start)
  while (best.over > 0) {
    let { order } = best
    const wide = new Set(order.flatMap((layer) => (at.over(layer) > 0 ? layer : [])))
    const worth = branches
      .filter(({ knots }) => [...knots].some((knot) => wide.has(knot)))
      .flatMap((branch) => ({ branch, gain: weighed(order, branch, at)?.gain ?? 0 }))
      .filter(({ gain }) => gain > 0)
      .sort((a, b) => b.gain - a.gain)
    if (worth.length === 0) return best
    // To weigh all anew after each move takes seconds: one is weighed again when it is its turn, and waits if it is worth less now.
    for (const { branch, gain } of worth) {
      const now = weighed(order, branch, at)
      if (now && now.gain >= gain * STILL_WORTH) order = made(order, now.move)
    }
    const next = rated(order)
    const tidy = rated(transposed(order, at.sides))
    best = tidy.over <= next.over && tidy.crossings < next.crossings ? tidy : next
  }
  return best
}

export interface Narrowing {
  readonly sides: Sides
  readonly between: (upper: readonly number[], lower: readonly number[]) => number
  readonly spine: ReadonlySet<number>
  readonly excess: (layer: readonly number[], at: number) => number
  readonly wanted: number
}

/** The order, changed so far that a picture of `wanted` pixels with a straight spine can have it, or as near as it gets. */
export const narrow = (net: Mesh<unknown>, order: Order, { excess, wanted, ...how }: Narrowing): Order => {
  const groups = branches(net, how.sides, how.spine)
  const tooWide = (x: number) => order.reduce((sum, layer) => sum + excess(layer, x), 0)
  const places = SPINE_AT.map((part) => part * wanted).sort((a, b) => tooWide(a) - tooWide(b))
  let narrowest = { order, over: Number.POSITIVE_INFINITY }
  for (const x of places.slice(0, TRIED)) {
    const here = narrowed(order, groups, { ...how, over: (layer) => excess(layer, x) })
    if (here.over < narrowest.over) narrowest = here
    if (narrowest.over === 0) break
  }
  return narrowest.order
}
