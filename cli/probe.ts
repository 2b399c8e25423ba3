import { postgres } from '#aws/postgres.ts'
import { columns } from '#cli/snapshots/columns.ts'
import { interruptible } from '#cli/snapshots/interruptible.ts'
import { printDuration } from '#core/plan/duration.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Measured } from '#core/probe/measure.ts'
import { probeRound, type Round } from '#core/probe/round.ts'
import { counted } from '#core/report/figures.ts'
import { travellingClock } from '#local/clock.ts'
import { colours } from './colours.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findPlan } from './plans.ts'

export interface ProbeOptions {
  readonly databaseUrl: string
  readonly plans?: string
  readonly json?: boolean
}

const number = (value: number): string => String(Number(value.toFixed(3)))

const limitText = (plan: Plan, { signal, limit }: Measured): string => {
  const rate = plan.signals[signal]?.rate
  if (limit === null) return '-'
  const text = 'above' in limit ? `above ${number(limit.above)}` : `below ${number(limit.below)}`
  return rate === undefined ? text : `${text} more in ${printDuration(rate)}`
}

const verdict = ({ breached, error }: Measured): string => {
  if (breached === 'unknown') return error ? `not measured: ${error.name}` : 'judged by its alarm'
  return breached ? 'BEYOND ITS LIMIT' : 'ok'
}

const line = (plan: Plan, measured: Measured): string[] => {
  const { signal, value, unit, ms } = measured
  const definition = plan.signals[signal]
  return [
    signal,
    value === null ? '-' : [number(value), unit].filter((part) => part !== null).join(' '),
    limitText(plan, measured),
    definition ? `for ${printDuration(definition.for)}` : '-',
    definition?.severity ?? '-',
    `${Math.round(ms)} ms`,
    verdict(measured),
  ]
}

const beyond = ({ results }: Round): Measured[] => results.filter(({ breached }) => breached === true)
const missing = ({ results }: Round): Measured[] => results.filter(({ value }) => value === null)

const text = (plan: Plan, round: Round): string => {
  const { bold, green, red } = colours(process.stdout)
  const head = ['SIGNAL', 'VALUE', 'FIRES', 'LASTING', 'SEVERITY', 'TOOK', 'NOW']
  const [first = '', ...rows] = columns([head, ...round.results.map((measured) => line(plan, measured))])
  const [over, unknown] = [beyond(round).length, missing(round).length]
  const sum = [
    counted(round.results.length, 'signal'),
    `${over} beyond ${over === 1 ? 'its limit' : 'their limits'}`,
    `${unknown} not measured`,
  ].join(', ')
  return [bold(first), ...rows, over + unknown === 0 ? green(sum) : red(sum)].join('\n')
}

/** An error once, however many probes ended with it: that of a lost connection is that of all. */
const errors = (round: Round): string[] => {
  const { red } = colours(process.stderr)
  const all = [round.error, ...round.results.map(({ error }) => error)].flatMap((error) => (error ? [error] : []))
  const once = new Map(all.map(({ name, message }) => [`${name} ${message}`, { name, message }]))
  return [...once.values()].map(({ name, message }) => `${red('error')} ${name}\n${message}`)
}

const exitCode = (round: Round): ExitCode => {
  if (round.connectFailed) return EXIT.failed
  // The wrong database, or a value that would have started something.
  if (round.error !== null || beyond(round).length > 0) return EXIT.refused
  return missing(round).length > 0 ? EXIT.failed : EXIT.ok
}

/** `vector-rollback probe`: one round of the probes of a plan, as the scheduled function runs them. Writes nothing. */
export const probe = async (name: string, options: ProbeOptions): Promise<ExitCode> => {
  const plan = await loadPlan(await findPlan(name, options.plans))
  const round = await interruptible((signal) =>
    probeRound(plan, {
      database: postgres({ url: options.databaseUrl }),
      clock: travellingClock(),
      signal,
      remaining: () => Number.POSITIVE_INFINITY,
    }),
  )
  process.stdout.write(`${options.json ? JSON.stringify(round, null, 2) : text(plan, round)}\n`)
  for (const error of errors(round)) process.stderr.write(`${error}\n`)
  return exitCode(round)
}
