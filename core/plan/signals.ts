import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { Duration } from './duration.ts'
import { exactlyOne } from './pattern.ts'
import { DatabaseRole, Name, SeverityName, SqlFile } from './vocabulary.ts'

const Metric = z
  .strictObject({
    namespace: z.string().min(1).describe('CloudWatch namespace, such as AWS/RDS.'),
    name: z.string().min(1).describe('Name of the metric.'),
    statistic: z
      .string()
      .regex(/^(Average|Minimum|Maximum|Sum|SampleCount|p\d{1,2}(\.\d+)?)$/)
      .describe('Average, Minimum, Maximum, Sum, SampleCount or a percentile such as p95.'),
    dimensions: z.record(z.string(), z.string()).default({}).describe('Dimensions; {env} stands for the environment.'),
  })
  .describe('A CloudWatch metric.')

const LogFilter = z
  .strictObject({
    group: z.string().min(1).describe('Log group; {env} stands for the environment.'),
    pattern: z.string().min(1).describe('CloudWatch Logs filter pattern. The signal counts the matching events.'),
  })
  .describe('Events in a log group.')

const RdsEvent = z
  .strictObject({
    categories: z.array(z.string().min(1)).min(1).describe('Event categories of RDS, such as failover or low storage.'),
  })
  .describe('An event that RDS publishes.')

const SOURCES = ['metric', 'log-filter', 'rds-event', 'probe', 'connect'] as const

export type SignalSource =
  | { readonly kind: 'metric'; readonly metric: z.output<typeof Metric> }
  | { readonly kind: 'log-filter'; readonly filter: z.output<typeof LogFilter> }
  | { readonly kind: 'rds-event'; readonly event: z.output<typeof RdsEvent> }
  | { readonly kind: 'probe'; readonly file: string; readonly as: string | null }
  | { readonly kind: 'connect' }

export type SignalLimit = { readonly above: number } | { readonly below: number } | null

const limitOf = (above: number | undefined, below: number | undefined): SignalLimit => {
  if (above !== undefined) return { above }
  return below === undefined ? null : { below }
}

export const Signal = z
  .strictObject({
    describe: z.string().min(1).describe('What it means when this signal fires, for the person on call.'),
    metric: Metric.optional(),
    'log-filter': LogFilter.optional(),
    'rds-event': RdsEvent.optional(),
    probe: SqlFile.optional().describe('SQL file whose single SELECT returns one number, published as a metric.'),
    connect: z
      .literal(true)
      .optional()
      .describe('true: it is about the probes themselves, and fires when they cannot connect to the database.'),
    as: DatabaseRole.optional().describe('Role that the probe runs as, such as the one of the application.'),
    above: z.number().optional().describe('Fires when the value is greater.'),
    below: z.number().optional().describe('Fires when the value is less.'),
    unit: z.string().min(1).optional().describe('Unit of above or below: seconds, percent, bytes, count, …'),
    baseline: z
      .union([z.number().positive(), Name])
      .optional()
      .describe(
        'A value of the same measurement, or the name of a recorded baseline ("recorded" when it was recorded without a name). above and below are then percent more or less than it.',
      ),
    rate: Duration.optional().describe('Compare the increase over this time, not the value itself.'),
    for: Duration.describe('How long it must last before it fires; 0s fires at once.'),
    severity: SeverityName.describe('critical, high, medium or low.'),
    alarm: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'CloudWatch alarms that already exist and mean this signal, by name; {env} stands for the environment.',
      ),
    missing: z
      .enum(['notify', 'ignore'])
      .optional()
      .describe(
        'What missing data means: notify tells people, once, and is the default of what is measured all the time (metrics, probes); ignore is that of events, of which there may be none. It never starts a rollback.',
      ),
  })
  .superRefine(exactlyOne('This signal', SOURCES))
  .superRefine((signal, context) => {
    const limits = [signal.above, signal.below].filter((limit) => limit !== undefined).length
    const happens = signal['rds-event'] !== undefined || signal.connect !== undefined
    if (limits === (happens ? 0 : 1)) return
    const what = signal.connect === undefined ? 'An RDS event' : 'A connection that fails'
    context.addIssue({
      code: 'custom',
      message: happens ? `${what} has no limit.` : 'This signal needs one limit.',
      params: { fix: happens ? 'Remove above and below.' : 'Give either above or below.' },
    })
  })
  .superRefine((signal, context) => {
    if (signal['rds-event'] !== undefined || signal.connect !== undefined || signal.unit !== undefined) return
    context.addIssue({
      code: 'custom',
      message: 'The limit of this signal has no unit.',
      params: { fix: 'Add unit, such as seconds, percent, bytes or count.' },
    })
  })
  .superRefine((signal, context) => {
    if (signal.as === undefined || signal.probe !== undefined) return
    context.addIssue({
      code: 'custom',
      path: ['as'],
      message: 'Only a probe runs as a role.',
      params: { fix: 'Remove as, or measure with a probe.' },
    })
  })
  .superRefine((signal, context) => {
    if (signal.connect === undefined) return
    for (const key of ['unit', 'rate', 'baseline'] as const) {
      if (signal[key] === undefined) continue
      context.addIssue({
        code: 'custom',
        path: [key],
        message: 'A connection that fails is not measured.',
        params: { fix: `Remove ${key}.` },
      })
    }
  })
  .superRefine((signal, context) => {
    if (signal.baseline === undefined || (signal.unit === 'percent' && signal.rate === undefined)) return
    context.addIssue({
      code: 'custom',
      path: ['baseline'],
      message: 'A limit against a baseline is in percent, and is not a rate.',
      params: { fix: 'Set unit: percent and remove rate, or remove baseline.' },
    })
  })
  .superRefine((signal, context) => {
    if (typeof signal.baseline !== 'string' || signal.metric !== undefined || signal.probe !== undefined) return
    context.addIssue({
      code: 'custom',
      path: ['baseline'],
      message: 'Only metrics and probes have a recorded baseline.',
      params: { fix: 'Give a number, or remove baseline.' },
    })
  })
  .transform(
    ({ metric, 'log-filter': filter, 'rds-event': event, probe, connect, as, above, below, unit, ...rest }) => {
      // 1 when the probes could not connect, 0 when they could: from here on it is a measurement like others.
      if (connect)
        return { ...rest, unit: 'count', source: { kind: 'connect' } as SignalSource, limit: limitOf(0, undefined) }
      const source = (): SignalSource => {
        if (metric !== undefined) return { kind: 'metric', metric }
        if (filter !== undefined) return { kind: 'log-filter', filter }
        if (event !== undefined) return { kind: 'rds-event', event }
        return { kind: 'probe', file: probe ?? '', as: as ?? null }
      }
      return { ...rest, unit: unit ?? null, source: source(), limit: limitOf(above, below) }
    },
  )
export type Signal = z.output<typeof Signal>

/**
 * The limit that the measurement itself is compared with: against a baseline of 40 ms, `above: 20` percent is 48.
 * In the unit of the measurement. Throws `Baseline.NotRead` where the baseline is a name: `withBaselines` looks it up.
 */
export const absoluteLimit = ({ limit, baseline }: Pick<Signal, 'limit' | 'baseline'>): SignalLimit => {
  if (limit === null || baseline === undefined) return limit
  if (typeof baseline === 'string')
    throw new RollbackError(
      'Baseline.NotRead',
      `The limit is in percent of baseline "${baseline}", which is not known here.`,
      {
        fix: 'Record it while all is well: vector-rollback baseline record.',
        category: 'usage',
      },
    )
  return 'above' in limit
    ? { above: baseline * (1 + limit.above / 100) }
    : { below: baseline * (1 - limit.below / 100) }
}

/** In the unit of the limit. Without a limit nothing is beyond it. */
export const isBeyond = (value: number, limit: SignalLimit): boolean => {
  if (limit === null) return false
  return 'above' in limit ? value > limit.above : value < limit.below
}

/** Of events there may be none; what is measured all the time is blind without data. */
const EVENTS: readonly SignalSource['kind'][] = ['log-filter', 'rds-event']

/** What missing data means: people are told, or it is as it should be. It never starts a rollback. */
export const missingMeans = ({ missing, source }: Pick<Signal, 'missing' | 'source'>): 'notify' | 'ignore' =>
  missing ?? (EVENTS.includes(source.kind) ? 'ignore' : 'notify')
