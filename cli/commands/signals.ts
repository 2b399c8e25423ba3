import { type Command, InvalidArgumentError, Option } from 'commander'
import type { BaselineCompareOptions } from '#cli/baseline/compare.ts'
import type { BaselineRecordOptions } from '#cli/baseline/record.ts'
import type { ObserveReportOptions } from '#cli/observe-report.ts'
import { parseDuration } from '#core/plan/duration.ts'
import { databaseUrl, examples, json, plans, positiveInteger } from './options.ts'
import { placed } from './place.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const length = (text: string): number => {
  const milliseconds = parseDuration(text)
  if (milliseconds !== null && milliseconds >= MINUTE && milliseconds <= 455 * DAY) return milliseconds
  throw new InvalidArgumentError('Give a length of time up to 455d, for which CloudWatch keeps metrics: 12h, 7d.')
}

const name = (text: string): string => {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text)) return text
  throw new InvalidArgumentError('Use lower-case words joined by dashes, such as release-42.')
}

/** The first run of each statement is not counted. */
const runs = (text: string): number => {
  const number = positiveInteger(text)
  if (number >= 2 && number <= 1_000) return number
  throw new InvalidArgumentError('Give a number from 2 to 1000.')
}

const measuring = (command: Command): Command =>
  placed(command, 'bucket')
    .addOption(new Option('--name <name>', 'of the baseline').argParser(name).default('recorded'))
    .addOption(databaseUrl('measure this database'))
    .addOption(new Option('--metrics', "the metrics of the plan's signals, from CloudWatch"))
    .addOption(new Option('--services', 'the time of the HTTP checks of normal service'))
    .addOption(new Option('--window <time>', 'with --metrics: how far back').argParser(length).default(7 * DAY, '7d'))
    .addOption(new Option('--runs <n>', 'of each statement; the first is not counted').argParser(runs).default(20))

export const baselineCommands = (program: Command): void => {
  const baseline = program
    .command('baseline')
    .summary('record what is normal, and compare with it')
    .description('Records what a plan measures while all is well, and compares with it later. Only reads the database.')
  measuring(baseline.command('record <plan>'))
    .summary('measure while all is well, and keep it under a name')
    .description(
      'Runs the probes and checks of normal service (median and 95th percentile of value and time), counts rows, and takes sizes and memory settings. "baseline: recorded" of a signal takes its median.',
    )
    .addOption(new Option('--replace', 'there may be one of that name'))
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'baseline record pgvector-search --database-url postgresql://rollback@db/app --state ./state',
        'baseline record pgvector-search --name release-42 --metrics --window 14d --bucket rollback-prod --environment prod',
      ),
    )
    .action(async (plan: string, options: BaselineRecordOptions) => {
      const { baselineRecord } = await import('#cli/baseline/record.ts')
      process.exitCode = await baselineRecord(plan, options)
    })
  measuring(baseline.command('compare <plan>'))
    .summary('measure again, beside a baseline')
    .description(
      'Prints every value beside that of the baseline, in percent, and the limit of its signal. Exits with 3 when a signal is beyond its limit, or could not be measured.',
    )
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples('baseline compare pgvector-search --database-url postgresql://rollback@db/app --state ./state'),
    )
    .action(async (plan: string, options: BaselineCompareOptions) => {
      const { baselineCompare } = await import('#cli/baseline/compare.ts')
      process.exitCode = await baselineCompare(plan, options)
    })
}

export const observeCommands = (program: Command): void => {
  const observe = program
    .command('observe')
    .summary('what alarms led to, or would have')
    .description('Looks at what was decided about alarms. Changes nothing.')
  placed(observe.command('report <plan>'), 'bucket')
    .summary('what would have been done, when, and how long before people did')
    .description(
      'By the records of decisions, the history of the alarms and that of the flags: what would have been done or was, by which row, right or not as far as one can tell, what flaps, and what nobody decided about. With --state: the decisions alone.',
    )
    .addOption(new Option('--since <time>', 'how far back').argParser(length).default(7 * DAY, '7d'))
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples('observe report pgvector-search --bucket rollback-prod --environment prod --since 30d'),
    )
    .action(async (plan: string, options: ObserveReportOptions) => {
      const { observeReport } = await import('#cli/observe-report.ts')
      process.exitCode = await observeReport(plan, options)
    })
}
