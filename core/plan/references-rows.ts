import type { PlacedStep } from './every-step.ts'
import type { Broken } from './references.ts'

const capturedBy = ({ step }: PlacedStep): string | undefined => {
  if (step.kind === 'capture') return step.input.rows
  if (step.kind === 'run-sql') return step.input.capture
  return step.kind === 'drain' ? step.input.then?.capture : undefined
}

const listOf = ({ path }: PlacedStep): string => JSON.stringify(path.slice(0, -2))

/** What a step reads as an earlier capture, and no step before it in the same list captures. */
export const brokenEarlier = (steps: readonly PlacedStep[]): Broken[] =>
  steps.flatMap((placed, index): Broken[] => {
    if (placed.step.kind !== 'run-sql') return []
    const { earlier } = placed.step.input
    const before = steps.slice(0, index).filter((other) => listOf(other) === listOf(placed))
    if (earlier === undefined || before.some((other) => capturedBy(other) === earlier)) return []
    return [
      {
        path: [...placed.path, 'earlier'],
        message: `No step before this one captures "${earlier}".`,
        fix: `Put - capture: { rows: ${earlier} } before it.`,
      },
    ]
  })
