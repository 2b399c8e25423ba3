/** Chance that is the same for the same seed (mulberry32). */
export interface Chance {
  /** 0 up to, not including, `n`. */
  below(n: number): number
  oneOf<T>(choices: readonly T[]): T
}

export const chanceOf = (seed: number): Chance => {
  let state = seed >>> 0
  const below = (n: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n)
  }
  const oneOf = <T>(choices: readonly T[]): T => {
    const index = below(choices.length)
    if (index >= choices.length) throw new RangeError('nothing to choose from')
    return choices[index] as T
  }
  return { below, oneOf }
}
