/**
 * Runs `work` for every item, at most `limit` at a time; results keep the order. After the first error nothing is begun, what is
 * under way is waited for, and the error is thrown.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>()
  let failed = false
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) {
      if (failed) return
      try {
        results.set(index, await work(item))
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker))
  for (const ended of workers) if (ended.status === 'rejected') throw ended.reason
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result)
}
