import { suggestion } from './nearest.ts'
import type { Broken } from './references.ts'

/** A name that is none of those it should be one of, with the one that was probably meant. */
export const unknown = (
  what: string,
  name: string,
  known: readonly string[],
  path: readonly PropertyKey[],
): Broken[] =>
  known.includes(name)
    ? []
    : [{ path, message: `"${name}" is not ${what} of this plan.`, fix: suggestion(name, known) }]
