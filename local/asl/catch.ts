import type { Catcher } from './definition.ts'
import { names } from './error-equals.ts'
import type { Scene } from './jsonata.ts'
import { type Settled, settle } from './settle.ts'
import type { StateError } from './state-error.ts'

/**
 * The developer guide says that `States.ALL` does not catch States.DataLimitExceeded; recorded executions show that a
 * Catch does. States.Runtime is caught by nothing but its name.
 */
const NEVER_BY_WILDCARD = ['States.Runtime']

/** The first catcher that names the error, with its place in the list. */
export function findCatcher(
  catchers: readonly Catcher[] | undefined,
  error: StateError,
): { catcher: Catcher; index: number } | null {
  const index = (catchers ?? []).findIndex(({ ErrorEquals }) => names(ErrorEquals, error, NEVER_BY_WILDCARD))
  const catcher = catchers?.[index]
  return catcher === undefined ? null : { catcher, index }
}

/**
 * The catcher's own Assign and Output; the state's do not run. Without an Output it is `{Error, Cause}`. A failure of
 * theirs is the state's: no other catcher sees it.
 */
export async function settleCaught(
  { catcher, index }: { catcher: Catcher; index: number },
  scene: Scene,
  error: StateError,
): Promise<Settled & { next: string }> {
  const { Error: name, Cause } = error.output
  const seen = { ...scene, errorOutput: { Error: name, Cause } }
  return { ...(await settle(catcher, seen, { Error: name, Cause }, `Catch[${index}]/`)), next: catcher.Next }
}
