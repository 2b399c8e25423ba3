import { z } from 'zod'
import { Duration } from './duration.ts'

const STEPS = [1, 5, 25, 50, 100]

const isAscending = (steps: readonly number[]): boolean =>
  steps.every((step, index) => step > (steps[index - 1] ?? 0) && step <= 100)

/** Buckets count hundredths of a percent. */
const isWholeBuckets = (steps: readonly number[]): boolean =>
  steps.every((step) => Math.abs(step * 100 - Math.round(step * 100)) < 1e-9)

export const Ramp = z
  .strictObject({
    steps: z
      .array(z.number())
      .min(1)
      .default(STEPS)
      .describe('Percentages of subjects that have the feature, in order; the last one is 100.'),
    hold: Duration.prefault('10m').describe('How long each step is watched before the next one.'),
    every: Duration.prefault('30s').describe('Time between two looks while a step is held.'),
  })
  .superRefine(({ steps, hold, every }, context) => {
    const issue = (path: string, message: string, fix: string) =>
      context.addIssue({ code: 'custom', path: [path], message, params: { fix } })
    if (!isAscending(steps) || steps.at(-1) !== 100 || !isWholeBuckets(steps))
      issue(
        'steps',
        `"${steps.join(', ')}" is not a way up to 100.`,
        'Write growing percentages with two decimals at most, such as [1, 5, 25, 50, 100].',
      )
    if (every === 0 || every > hold)
      issue('every', 'No look fits into a hold.', 'Choose a shorter time between looks, greater than zero.')
  })
  .describe('How the feature comes back: to how many, and how long each step is watched. Without it, to all at once.')
export type Ramp = z.output<typeof Ramp>
