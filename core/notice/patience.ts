/**
 * The record may be what is broken, and may not even answer: what a message would like to know is waited for so long, by the
 * wall clock, since the function's own time runs by it, and then it goes out without. Resolves to `null` when it fails or takes longer.
 */
export const within = async <T>(milliseconds: number, wanted: Promise<T>): Promise<T | null> => {
  const signal = AbortSignal.timeout(milliseconds)
  const tooLate = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  return Promise.race([wanted.catch(() => null), tooLate])
}
