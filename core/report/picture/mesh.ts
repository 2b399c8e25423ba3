import { type Arrow, backArrows, type Crowd, layering } from '#core/report/picture/layers.ts'

/** A node of a layer: a box, or where a longer line goes through. */
export interface Knot {
  readonly index: number
  readonly layer: number
  /** Index of the box; null for a passage. */
  readonly box: number | null
}

/** A line between neighbouring layers, from the upper to the lower knot. */
export interface Strand {
  readonly upper: number
  readonly lower: number
  readonly weight: number
  /** Of a line that has to be straight. */
  readonly spine: boolean
}

export interface WeightedArrow extends Arrow {
  readonly weight: number
  /** The arrows with it are a path that no node is on twice; it is drawn as one straight line downwards. */
  readonly spine: boolean
}

/** An arrow as the knots that it goes along, from its start to its head. */
export interface Course<A> {
  readonly arrow: A
  readonly knots: readonly number[]
}

export interface Mesh<A> {
  readonly knots: readonly Knot[]
  readonly strands: readonly Strand[]
  readonly courses: readonly Course<A>[]
  readonly layers: number
}

/**
 * Cuts every arrow into strands from layer to layer. Arrows to one target share their passages, so that they merge
 * into one line as soon as they can; otherwise the many that lead to one state would be a curtain.
 */
export const mesh = <A extends WeightedArrow>(count: number, arrows: readonly A[], crowd: Crowd): Mesh<A> => {
  const proper = arrows.filter(({ from, to }) => from !== to)
  const ends = new Set([...Array(count).keys()].filter((node) => !arrows.some(({ from }) => from === node)))
  const back = backArrows(count, proper)
  const downwards = proper.map((arrow) => (back.has(arrow) ? { from: arrow.to, to: arrow.from } : arrow))
  const layerOf = layering(count, downwards, ends, crowd)
  const knots: Knot[] = layerOf.map((layer, index) => ({ index, layer, box: index }))
  const passages = new Map<string, number>()
  const passage = (target: number, layer: number, turned: boolean): number => {
    const key = `${target} ${layer} ${turned}`
    const known = passages.get(key)
    if (known !== undefined) return known
    const index = knots.push({ index: knots.length, layer, box: null }) - 1
    passages.set(key, index)
    return index
  }
  const strands = new Map<string, Strand>()
  const courses = proper.map((arrow) => {
    const turned = back.has(arrow)
    const [first, last] = [layerOf[arrow.from] ?? 0, layerOf[arrow.to] ?? 0]
    const between = Array.from({ length: Math.max(0, Math.abs(last - first) - 1) }, (_, i) =>
      passage(arrow.to, turned ? first - 1 - i : first + 1 + i, turned),
    )
    const along = [arrow.from, ...between, arrow.to]
    for (const [i, one] of along.slice(0, -1).entries()) {
      const other = along[i + 1] ?? one
      const [upper, lower] = turned ? [other, one] : [one, other]
      const key = `${upper} ${lower}`
      const weight = turned ? arrow.weight / 2 : arrow.weight
      const known = strands.get(key)
      const spine = arrow.spine || known?.spine === true
      strands.set(key, { upper, lower, weight: Math.max(weight, known?.weight ?? 0), spine })
    }
    return { arrow, knots: along }
  })
  return { knots, strands: [...strands.values()], courses, layers: Math.max(0, ...layerOf) + 1 }
}
