import { z } from 'zod'
import { Duration } from './duration.ts'
import { pattern } from './pattern.ts'

const STATISTIC = /^(Average|Sum|Minimum|Maximum|SampleCount|p(100|\d{1,2}(\.\d{1,2})?))$/
const LONGEST = 7 * 86_400_000

/** A figure of CloudWatch over the time just gone. */
export const MetricFigure = z
  .strictObject({
    namespace: z.string().min(1).describe('Namespace of the metric.'),
    name: z
      .string()
      .min(1)
      .describe('Name of the metric; {env} is filled in, as in log_{env}_<plan>_<signal>, which a log filter counts.'),
    dimensions: z.record(z.string(), z.string()).default({}).describe('All its dimensions; {env} is filled in.'),
    statistic: pattern(STATISTIC, 'a statistic', 'Use Average, Sum, Minimum, Maximum, SampleCount or p95.').describe(
      'What to make of its values; of a percentile the worst minute counts.',
    ),
    window: Duration.describe(
      'How far back: a whole number of minutes, a week at most. In a watch never to before it began.',
    ),
  })
  .superRefine(({ window }, context) => {
    if (window >= 60_000 && window % 60_000 === 0 && window <= LONGEST) return
    context.addIssue({
      code: 'custom',
      path: ['window'],
      message: 'This window is not made of whole minutes between one and those of a week.',
      params: { fix: 'Write 5m, 1h or 7d.' },
    })
  })
  .describe('A figure of CloudWatch. No data is unknown, never a pass.')
export type MetricFigure = z.output<typeof MetricFigure>

/** The keys of `expect` of a metric check. */
export const METRIC_EXPECT = {
  above: z.number().optional().describe('Of a metric check: the figure is greater than this.'),
  below: z.number().optional().describe('Of a metric check: the figure is less than this.'),
} as const

export interface MetricExpectation {
  readonly above: number | null
  readonly below: number | null
}

/** What a metric check asks, and what it expects: one limit at least. */
export interface MetricAsked {
  readonly figure: MetricFigure
  readonly expect: MetricExpectation
}
