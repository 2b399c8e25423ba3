import { z } from 'zod'
import { exactlyOne, pattern } from './pattern.ts'
import { Name } from './vocabulary.ts'

/** What is compared with what was recorded of it. */
export type BaselineSubject =
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'check'; readonly check: string }

export const AgainstBaseline = z
  .strictObject({
    signal: z.string().optional().describe('A signal of this plan that a probe or a metric measures.'),
    check: Name.optional().describe('A check of this plan, of SQL or HTTP: the time that its answer takes.'),
    name: pattern(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'the name of a baseline', 'Use the name that it was recorded under.')
      .default('recorded')
      .describe('Name of the baseline.'),
  })
  .superRefine(exactlyOne('This baseline', ['signal', 'check']))
  .transform(({ signal, check, name }): { name: string; subject: BaselineSubject } => ({
    name,
    subject: signal === undefined ? { kind: 'check', check: check ?? '' } : { kind: 'signal', signal },
  }))
  .describe('A comparison with the recorded baseline. No baseline is unknown, never a pass.')

/** The keys of `expect` of a baseline check. */
export const BASELINE_EXPECT = {
  'at-most-percent': z
    .number()
    .positive()
    .optional()
    .describe('Of a baseline check: at most so many percent of what was recorded: 120 is a fifth more.'),
  'at-least-percent': z
    .number()
    .positive()
    .optional()
    .describe('Of a baseline check: at least so many percent of what was recorded.'),
} as const

export interface BaselineExpectation {
  readonly atMostPercent: number | null
  readonly atLeastPercent: number | null
}

export type BaselineAsked = z.output<typeof AgainstBaseline> & { readonly expect: BaselineExpectation }
