import type { Strand } from '#core/report/picture/mesh.ts'

/** The knots of each layer from left to right. */
export type Order = readonly (readonly number[])[]

export const positions = (order: Order): Map<number, number> =>
  new Map(order.flatMap((layer) => layer.map((knot, position): [number, number] => [knot, position])))

/** How much it costs that the strands of two knots of one layer cross when `left` stands left of `right`. */
const cost = (left: readonly Strand[], right: readonly Strand[], at: Map<number, number>, end: 'upper' | 'lower') => {
  let sum = 0
  for (const a of left)
    for (const b of right) if ((at.get(a[end]) ?? 0) > (at.get(b[end]) ?? 0)) sum += a.weight * b.weight
  return sum
}

export interface Sides {
  readonly up: Map<number, Strand[]>
  readonly down: Map<number, Strand[]>
}

/** Crossings of the lines between two neighbouring layers; one with a heavier line counts more. */
export const crossingsBy = ({ down }: Sides) => {
  const count = (upper: readonly number[], lower: readonly number[]): number => {
    const at = positions([lower])
    let sum = 0
    for (const [i, left] of upper.entries())
      for (const right of upper.slice(i + 1)) sum += cost(down.get(left) ?? [], down.get(right) ?? [], at, 'lower')
    return sum
  }
  const counted = new WeakMap<readonly number[], WeakMap<readonly number[], number>>()
  return (upper: readonly number[], lower: readonly number[]): number => {
    const below = counted.get(upper) ?? new WeakMap<readonly number[], number>()
    const here = below.get(lower) ?? count(upper, lower)
    counted.set(upper, below.set(lower, here))
    return here
  }
}

/** Those of all layers. */
export const crossingsIn = (order: Order, between: ReturnType<typeof crossingsBy>): number =>
  order.slice(1).reduce((sum, lower, before) => sum + between(order[before] ?? [], lower), 0)

/** Swaps neighbours as long as that saves crossings. */
export const transposed = (order: Order, { up, down }: Sides): Order => {
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
