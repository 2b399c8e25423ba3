import type { Mesh } from '#core/report/picture/mesh.ts'
import { packNarrow } from '#core/report/picture/pack.ts'

const ROUNDS = 60

/**
 * The centre of every knot, the leftmost edge at 0. Blocks of knots are packed, and then drawn to the middle of what
 * they are linked with, as far as their neighbours let them.
 */
export const columns = (
  net: Mesh<unknown>,
  order: readonly (readonly number[])[],
  widths: readonly number[],
  wanted: number,
): number[] => {
  const packed = packNarrow(net, order, widths, wanted)
  const centres = [...packed.centres]
  const half = (block: number) => packed.half[block]?.apart ?? 0
  const centre = (block: number) => centres[block] ?? 0
  const least = (block: number) =>
    Math.max(half(block), ...[...(packed.left[block] ?? [])].map(([other, { apart }]) => centre(other) + apart))
  const most = (block: number) =>
    Math.min(
      packed.width - half(block),
      ...[...(packed.right[block] ?? [])].map(([other, { apart }]) => centre(other) - apart),
    )
  const pulls = centres.map((): { other: number; weight: number }[] => [])
  for (const { upper, lower, weight } of net.strands) {
    const [a, b] = [packed.of[upper] ?? 0, packed.of[lower] ?? 0]
    if (a === b) continue
    pulls[a]?.push({ other: b, weight })
    pulls[b]?.push({ other: a, weight })
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const block of round % 2 === 0 ? packed.rightwards.toReversed() : packed.rightwards) {
      const strands = pulls[block] ?? []
      const weight = strands.reduce((sum, strand) => sum + strand.weight, 0)
      const wish = strands.reduce((sum, strand) => sum + centre(strand.other) * strand.weight, 0) / weight
      if (weight > 0) centres[block] = Math.max(least(block), Math.min(most(block), wish))
    }
  return net.knots.map(({ index }) => Math.round(centre(packed.of[index] ?? 0) * 2) / 2)
}
