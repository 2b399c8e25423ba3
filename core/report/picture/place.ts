export interface Wish {
  /** Where the centre should be. */
  readonly at: number
  readonly weight: number
}

/**
 * Centres on one line, in the given order and at least `apart(i)` from the one before, as near to the wishes as
 * possible (least squares). Without the distances this is isotonic regression: pool adjacent violators.
 */
export const place = (wishes: readonly Wish[], apart: (index: number) => number): number[] => {
  const offsets: number[] = []
  for (const index of wishes.keys()) offsets.push(index === 0 ? 0 : (offsets[index - 1] ?? 0) + apart(index))
  const pools: { sum: number; weight: number; size: number }[] = []
  for (const [index, { at, weight }] of wishes.entries()) {
    let pool = { sum: (at - (offsets[index] ?? 0)) * weight, weight, size: 1 }
    for (
      let before = pools.at(-1);
      before && before.sum / before.weight >= pool.sum / pool.weight;
      before = pools.at(-1)
    ) {
      pools.pop()
      pool = { sum: before.sum + pool.sum, weight: before.weight + pool.weight, size: before.size + pool.size }
    }
    pools.push(pool)
  }
  const levels = pools.flatMap(({ sum, weight, size }) => Array.from({ length: size }, () => sum / weight))
  return levels.map((level, index) => level + (offsets[index] ?? 0))
}
