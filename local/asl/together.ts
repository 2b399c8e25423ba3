import type { HistoryEventType } from './history.ts'
import type { Place } from './run.ts'

/** Why a branch was given up. The reason of its signal; never leaves the Parallel or Map. */
class SiblingFailed extends Error {
  override readonly name = 'SiblingFailed'
}

export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T; readonly place: Place }
  | { readonly kind: 'failed'; readonly error: unknown; readonly place: Place }
  | { readonly kind: 'abandoned'; readonly place: Place }

/**
 * Runs `count` pieces of work, at most `limit` at a time, in order of their index. The first failure abandons the
 * others: their signals abort, what has not begun does not begin, and all have come to rest before this resolves. Gives
 * the outcomes by index (absent where nothing began) and the index that failed. Rejects when `parent` aborts.
 *
 * `begin` makes the place of a piece; `previousEventId` is where the lane it runs in stands in the history.
 */
export async function together<T>(
  parent: Place,
  count: number,
  limit: number,
  work: (index: number, place: Place) => Promise<T>,
): Promise<{ outcomes: (Outcome<T> | undefined)[]; failed: number | null }> {
  const siblings = new AbortController()
  const signal = AbortSignal.any([parent.signal, siblings.signal])
  const outcomes: (Outcome<T> | undefined)[] = Array.from({ length: count })
  let failed: number | null = null
  let following = 0

  const lane = async (): Promise<void> => {
    let previous = parent.cursor.previous
    while (following < count && !signal.aborted) {
      const index = following++
      const place: Place = { run: parent.run, cursor: { previous }, signal, at: { type: null } }
      try {
        outcomes[index] = { kind: 'done', value: await work(index, place), place }
      } catch (error) {
        const abandoned = failed !== null || parent.signal.aborted
        outcomes[index] = abandoned ? { kind: 'abandoned', place } : { kind: 'failed', error, place }
        if (abandoned) return
        failed = index
        siblings.abort(new SiblingFailed(`the piece of work ${index} failed`))
      }
      previous = place.cursor.previous
    }
  }

  await Promise.all(Array.from({ length: Math.min(limit, count) }, lane))
  parent.signal.throwIfAborted()
  return { outcomes, failed }
}

/** The event of a state that was given up, for the types that can be: the others take no time. */
export function abortedEvent({ at }: Place): HistoryEventType | null {
  switch (at.type) {
    case 'Task':
    case 'Wait':
    case 'Parallel':
    case 'Map':
      return `${at.type}StateAborted`
    default:
      return null
  }
}
