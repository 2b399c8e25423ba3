import { canonicalJson } from '#core/json.ts'
import type { PlacedStep } from './every-step.ts'
import type { Broken } from './references.ts'
import type { StepKind } from './steps.ts'

/**
 * Kinds of steps that are found done, or begun, by what they say: of two that say the same the second one would do nothing, or not
 * what it looks like. What tells two apart.
 */
const FOUND_BY_INPUT: Partial<Readonly<Record<StepKind, string>>> = {
  capture: 'Capture by another file of SQL: what was captured first counts.',
  drain: 'Count by another file of SQL: the time of both would run from the first look of the first.',
  'previous-version': 'Name the last version alone, or give one of them another time (within).',
  'rds-snapshot': 'Leave one out: an incident has one snapshot of a database.',
  restart: 'Say why each time: restart: { …, why: "after the second change" }.',
  'run-command': 'Have its parameters differ: the same command runs once in an incident.',
  scale: 'Give one of them another time (within).',
  webhook: 'Say something else each time: the same text is told once in an incident.',
}

/** Steps that stand on a path, or in a scenario, a second time. */
export const repeatedSteps = (steps: readonly PlacedStep[]): Broken[] => {
  const seen = new Set<string>()
  return steps.flatMap(({ step, path }): Broken[] => {
    const fix = FOUND_BY_INPUT[step.kind]
    if (fix === undefined) return []
    // The list that it stands in, without its place.
    const key = canonicalJson([path.slice(0, -2), step])
    if (seen.has(key))
      return [{ path, message: `This ${step.kind} is here twice, and nothing tells the two apart.`, fix }]
    seen.add(key)
    return []
  })
}
