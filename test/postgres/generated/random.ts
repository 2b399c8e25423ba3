/** Numbers that follow from a seed and a purpose: what a shrunken schema keeps stays as it was. */
export interface Random {
  /** From 0 up to and excluding `below`. */
  below(below: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** One of the list, or nothing. */
  maybe<T>(list: readonly T[], probability?: number): T | null
  shuffled<T>(list: readonly T[]): T[]
}

export function random(seed: number, purpose: string): Random {
  let state = [...purpose].reduce((hash, char) => Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619), seed | 0)
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[below(list.length)]
    if (picked === undefined) throw new TypeError('there is nothing to pick from')
    return picked
  }
  const shuffled = <T>(list: readonly T[]): T[] =>
    list
      .map((value) => ({ value, place: next() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ value }) => value)
  return {
    below,
    chance: (probability) => next() < probability,
    pick,
    maybe: (list, probability = 0.5) => (list.length > 0 && next() < probability ? pick(list) : null),
    shuffled,
  }
}
