import { z } from 'zod'
import { Duration, type Milliseconds, parseDuration, printDuration } from './duration.ts'
import { Name } from './vocabulary.ts'

/** A part of the watch: until when it lasts, counted from the beginning of the watch, and how often it looks. */
export interface WatchTier {
  readonly until: Milliseconds
  readonly every: Milliseconds
  /** Names of checks; `null` is every check of the moment. */
  readonly checks: readonly string[] | null
}

const time = (text: string): Milliseconds => parseDuration(text) ?? (0 as Milliseconds)

/** Often at first, when most of what goes wrong goes wrong; then less and less. */
export const DEFAULT_TIERS: readonly WatchTier[] = [
  { until: time('5m'), every: time('30s'), checks: null },
  { until: time('15m'), every: time('1m'), checks: null },
  { until: time('30m'), every: time('5m'), checks: null },
]

const Tier = z.strictObject({
  until: Duration.describe('When this tier ends, counted from the beginning of the watch.'),
  every: Duration.describe('Time between two looks.'),
  checks: z.array(Name).min(1).optional().describe('The checks to ask; all that follow the path when it is not given.'),
})

type Given = { for?: Milliseconds | undefined; every?: Milliseconds | undefined; tiers?: unknown }

/** Either how long and how often, or tiers, or nothing: then the three tiers of `DEFAULT_TIERS`. */
const oneForm = (watch: Given, context: z.core.$RefinementCtx<unknown>): void => {
  const evenly = watch.for !== undefined || watch.every !== undefined
  const whole = watch.for !== undefined && watch.every !== undefined
  if (evenly && (watch.tiers !== undefined || !whole))
    context.addIssue({
      code: 'custom',
      message: whole ? 'This watch has both tiers and one interval.' : 'This watch says only half of its interval.',
      params: { fix: 'Give for and every, or tiers, or nothing for 30 minutes in three tiers.' },
      continue: false,
    })
}

const fitting = (tiers: readonly WatchTier[], placeOf: (index: number, key: string) => PropertyKey[]) =>
  tiers.flatMap(({ until, every }, index) => {
    const from = tiers[index - 1]?.until ?? 0
    if (until <= from)
      return [
        {
          path: placeOf(index, 'until'),
          message: `"${printDuration(until)}" is not later than the tier before.`,
          fix: 'Count each tier from the beginning of the watch, in order.',
        },
      ]
    if (every > 0 && every <= until - from) return []
    return [
      {
        path: placeOf(index, 'every'),
        message: `"${printDuration(every)}" does not fit into "${printDuration((until - from) as Milliseconds)}".`,
        fix: 'Choose a shorter time between rounds, greater than zero.',
      },
    ]
  })

export const Watch = z
  .strictObject({
    for: Duration.optional().describe('How long to go on checking after a path, with one interval.'),
    every: Duration.optional().describe('Time between two rounds of checks, with one interval.'),
    tiers: z.array(Tier).min(1).optional().describe('Parts of the watch that look more or less often, in order.'),
    escalate: z
      .boolean()
      .default(false)
      .describe('Whether a partial path that gets worse goes on to the full one by itself, or a person decides.'),
  })
  .superRefine(oneForm)
  .transform(({ for: length, every, tiers, escalate }, context) => {
    const evenly = length !== undefined && every !== undefined
    const watched: readonly WatchTier[] = evenly
      ? [{ until: length, every, checks: null }]
      : (tiers?.map((tier) => ({ ...tier, checks: tier.checks ?? null })) ?? DEFAULT_TIERS)
    const placeOf = (index: number, key: string) => (evenly ? [key] : ['tiers', index, key])
    for (const { path, message, fix } of fitting(watched, placeOf))
      context.addIssue({ code: 'custom', path, message, params: { fix } })
    return { tiers: watched, escalate }
  })
  .describe('Watching after a path; none when it is not given. {} is 30 minutes in three tiers.')
