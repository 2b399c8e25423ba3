import { RollbackError } from '#core/errors.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { Clock, Objects } from '#core/ports.ts'

/** Races that one change may lose; with the pauses between them about five seconds. */
const TRIES = 10
const PAUSE_MS = 100

/**
 * Changes one small object by compare-and-swap: `next` is given what is there now (`null`: nothing) until its answer is
 * written before anybody else's. Giving back what it was given leaves the object alone. Resolves to what is there
 * afterwards. Throws `Record.Contended`.
 */
export const swapJson = async <T>(
  key: string,
  parse: (value: unknown) => T,
  next: (current: T | null) => T | null,
  { objects, clock }: { readonly objects: Objects; readonly clock: Clock },
): Promise<T | null> => {
  for (let lost = 0; lost < TRIES; lost += 1) {
    if (lost > 0) await clock.sleep(PAUSE_MS * lost * (0.5 + Math.random()))
    const found = await readJson(objects, key)
    const current = found && parse(found.value)
    const wanted = next(current)
    if (wanted === current || wanted === null) return current
    const written = await writeJson(objects, key, wanted, found ? { ifMatch: found.etag } : { ifAbsent: true })
    if (written) return wanted
  }
  throw new RollbackError('Record.Contended', `"${key}" was changed by others ${TRIES} times.`, {
    fix: 'Many runs of this plan come at once: repeat the step.',
    category: 'busy',
  })
}
