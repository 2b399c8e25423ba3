import { isRollbackError, RollbackError } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'
import { absoluteLimit, isBeyond, type Signal, type SignalLimit } from '#core/plan/signals.ts'
import { SEVERITIES } from '#core/plan/vocabulary.ts'
import type { Session } from '#core/ports.ts'
import { numberOf, select } from '#core/verify/run-check.ts'

/** What one probe found. */
export interface Measured {
  readonly signal: string
  /** `null`: it could not be measured, which is neither good nor bad. */
  readonly value: number | null
  /** Of the value. `null` where the plan compares with a baseline, whose unit it does not say. */
  readonly unit: string | null
  /** What the value is compared with, in its unit; of a rate, what its increase is compared with. */
  readonly limit: SignalLimit
  /** Whether the value is beyond its limit at this moment, however long the plan lets it be. */
  readonly breached: boolean | 'unknown'
  readonly ms: number
  readonly error: { readonly name: string; readonly message: string } | null
}

/** A signal of the plan with its SQL. */
export interface Probe {
  readonly signal: string
  readonly definition: Signal
  readonly as: string | null
  readonly text: string
}

/** The most severe first: where the time of a round runs out, it runs out for the others. */
export const probesOf = (plan: Pick<Plan, 'signals' | 'sql'>): Probe[] =>
  Object.entries(plan.signals)
    .flatMap(([signal, definition]): Probe[] => {
      const { source } = definition
      if (source.kind !== 'probe') return []
      return [{ signal, definition, as: source.as, text: plan.sql[source.file] ?? '' }]
    })
    .sort((a, b) => SEVERITIES.indexOf(b.definition.severity) - SEVERITIES.indexOf(a.definition.severity))

const notMeasured = (problem: string): RollbackError =>
  new RollbackError('Probe.NotANumber', problem, {
    fix: 'Write one SELECT that always gives one row with one number; coalesce() gives one for no rows.',
  })

/** CloudWatch takes no others, and would drop the values that were published together with it. */
const CLOUDWATCH_MAX = 2 ** 360

const only = (rows: readonly Record<string, unknown>[]): number => {
  const values = rows.flatMap((row) => Object.values(row))
  if (values.length !== 1) throw notMeasured(`The probe gave ${values.length} values, not one.`)
  const value = numberOf(values[0])
  // Without the value: what a wrong SELECT gives may be a row of the application.
  if (value === null || Math.abs(value) > CLOUDWATCH_MAX) throw notMeasured('What the probe gave is not a number.')
  return value
}

const MESSAGE = 500

/** The error's own name; that of its cause where it was wrapped. */
export const told = (error: unknown): Measured['error'] => {
  for (let current = error; current instanceof Error; current = current.cause)
    if (isRollbackError(current)) return { name: current.name, message: current.message.slice(0, MESSAGE) }
  return error instanceof Error
    ? { name: error.name, message: error.message.slice(0, MESSAGE) }
    : { name: 'Error', message: String(error).slice(0, MESSAGE) }
}

const described = ({ signal, definition }: Probe): Pick<Measured, 'signal' | 'unit' | 'limit'> => ({
  signal,
  unit: definition.baseline === undefined ? definition.unit : null,
  // In percent of a recorded value that nobody has looked up, it is not known; the value is worth publishing all the same.
  limit: typeof definition.baseline === 'string' ? null : absoluteLimit(definition),
})

/** A probe that gave no value, and why. */
export const unmeasured = (probe: Probe, error: unknown, ms = 0): Measured => ({
  ...described(probe),
  value: null,
  breached: 'unknown',
  ms,
  error: told(error),
})

/**
 * Runs one probe as the role that the plan names, filtered by its policies, in a read-only transaction. Throws what the
 * database says; `Probe.NotANumber` for anything but one number.
 */
export const measure = async (session: Session, probe: Probe): Promise<Measured> => {
  const started = performance.now()
  const { rows } = await select(session, probe.as, probe.text)
  const value = only(rows)
  const { rate, baseline } = probe.definition
  const about = described(probe)
  return {
    ...about,
    value,
    // A rate is published as it is measured: only the alarm has the values before, from which it takes the increase.
    breached: rate === undefined && typeof baseline !== 'string' ? isBeyond(value, about.limit) : 'unknown',
    ms: performance.now() - started,
    error: null,
  }
}
