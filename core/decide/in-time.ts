import type { Clock } from '#core/ports.ts'

/** How long deciding waits for the bucket, each time it asks. */
export const BUCKET_MS = 4_000

/** What was asked for, or why it could not be had. */
export type Looked<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly why: string }

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Asks, and goes on without an answer when there is none in time: deciding never waits for the bucket. */
export const inTime = async <T>(ask: () => Promise<T>, milliseconds: number, clock: Clock): Promise<Looked<T>> => {
  const over = new AbortController()
  const tooLate = clock.sleep(milliseconds, over.signal).then(
    (): Looked<T> => ({ known: false, why: `no answer within ${milliseconds} ms` }),
    (): Looked<T> => ({ known: false, why: 'not asked any more' }),
  )
  const asked = (async () => ask())().then(
    (value): Looked<T> => ({ known: true, value }),
    (error: unknown): Looked<T> => ({ known: false, why: textOf(error) }),
  )
  const looked = await Promise.race([asked, tooLate])
  over.abort()
  return looked
}
