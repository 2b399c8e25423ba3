/** What is measured against each other: each gives what it found, and they take turns. */
export type Turns<T> = Readonly<Record<string, () => Promise<T>>>

/**
 * Runs all of them once a round. Who comes first changes from round to round, so that what one leaves behind (a warm cache,
 * pages that are still being written) hits all.
 */
export const inTurns = async <T>(
  turns: Turns<T>,
  { rounds, signal, told }: { rounds: number; signal: AbortSignal; told: (what: string, found: T) => void },
): Promise<ReadonlyMap<string, readonly T[]>> => {
  const names = Object.keys(turns)
  const found = new Map(names.map((name) => [name, [] as T[]]))
  for (let round = 0; round < rounds; round += 1) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      signal.throwIfAborted()
      const one = await turns[name]?.()
      if (one === undefined) continue
      found.get(name)?.push(one)
      told(name, one)
    }
  }
  return found
}
