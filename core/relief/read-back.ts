import { RollbackError } from '#core/errors.ts'
import type { Clock } from '#core/ports.ts'

/** Parameter Store may show an earlier value for a moment. */
const LOOKS = 5
const BETWEEN_MS = 500

/**
 * What was written is read once more: a setting that nobody reads was never applied. `different` names what is not as it was
 * written. Throws `Configuration.NotTaken` when some of it never is.
 */
export const readBack = async (
  different: () => Promise<readonly string[]>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> => {
  let left = await different()
  for (let look = 1; look < LOOKS && left.length > 0; look += 1) {
    await clock.sleep(BETWEEN_MS, signal)
    left = await different()
  }
  if (left.length === 0) return
  throw new RollbackError('Configuration.NotTaken', `"${left.join('", "')}" was written and does not read so.`, {
    fix: 'Something else writes it, a deployment perhaps: stop that, then retry.',
  })
}
