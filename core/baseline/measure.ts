import type { Measurement } from '#core/baseline/document.ts'
import { memorySettings, sizesOf } from '#core/baseline/sizes.ts'
import { spreadOf } from '#core/baseline/spread.ts'
import { checkDatabase } from '#core/incident/right-database.ts'
import type { Plan } from '#core/plan/load.ts'
import type { Database, Session } from '#core/ports.ts'
import { isUnreachable } from '#core/sql/errors.ts'
import { numberOf, select } from '#core/verify/run-check.ts'

/** Counting the rows of a large table takes its time. */
const STATEMENT_MS = 15 * 60_000

export interface MeasureOptions {
  /** Of each statement. The first one warms caches, and is not counted. */
  readonly runs: number
  readonly signal?: AbortSignal
  /** Told before each statement: what it is. */
  readonly began?: (what: string) => void
}

/** A statement of the plan that answers in normal service, and the signals that its number is. */
interface Statement {
  readonly key: string
  readonly as: string | null
  readonly text: string
  readonly signals: readonly string[]
}

/** The probes, and the checks of normal service: those after re-enabling. Each once, however many names it has. */
const statementsOf = (plan: Plan): Statement[] => {
  const probes = Object.entries(plan.signals).flatMap(([signal, { source }]) =>
    source.kind === 'probe' ? [{ file: source.file, as: source.as, signals: [signal] }] : [],
  )
  const checks = Object.values(plan.checks).flatMap((check) =>
    check.kind === 'sql' && check.expect.kind !== 'error' && check.after.includes('re-enable')
      ? [{ file: check.file, as: check.as, signals: [] }]
      : [],
  )
  const alike = Map.groupBy([...probes, ...checks], ({ file, as }) => (as === null ? file : `${file} as ${as}`))
  return [...alike].flatMap(([key, [first, ...others]]): Statement[] => {
    const text = first && plan.sql[first.file]
    if (first === undefined || text === undefined) return []
    return [{ key, as: first.as, text, signals: [first, ...others].flatMap(({ signals }) => signals) }]
  })
}

/** Each in a transaction of its own: views of activity stand still within one. */
const run = async (session: Session, { as, text }: Statement, { runs, signal }: MeasureOptions) => {
  const times: number[] = []
  const values: (number | null)[] = []
  for (let i = 0; i < runs; i++) {
    signal?.throwIfAborted()
    const started = performance.now()
    const { rows } = await select(session, as, text)
    if (i === 0) continue
    times.push(performance.now() - started)
    const found = rows.flatMap((row) => Object.values(row))
    values.push(found.length === 1 ? numberOf(found[0]) : null)
  }
  return { times, values }
}

/**
 * Measures a plan in its database while all is well: what its probes say and how long they take, rows, bytes and memory.
 * Reads only. A statement that fails is `unmeasured`, and the others go on. Throws `Database.WrongOne`, `Postgres.*`.
 */
export const measureDatabase = (database: Database, plan: Plan, options: MeasureOptions): Promise<Measurement> =>
  database.session(
    {
      applicationName: 'vector-rollback:baseline',
      statementTimeout: STATEMENT_MS,
      keepSearchPath: true,
      ...(options.signal ? { signal: options.signal } : {}),
    },
    async (session) => {
      await checkDatabase(session, plan, database.label)
      const measured: Measurement = { signals: {}, timings: {}, tables: [], settings: {}, unmeasured: {} }
      for (const statement of statementsOf(plan)) {
        options.began?.(statement.key)
        await measureStatement(session, statement, options, measured)
      }
      options.began?.('rows and sizes')
      return {
        ...measured,
        tables: await sizesOf(session, plan.protects.tables),
        settings: await memorySettings(session),
      }
    },
  )

const measureStatement = async (
  session: Session,
  statement: Statement,
  options: MeasureOptions,
  { signals, timings, unmeasured }: Measurement,
): Promise<void> => {
  try {
    const { times, values } = await run(session, statement, options)
    const took = spreadOf(times)
    if (took) timings[statement.key] = took
    for (const signal of statement.signals) {
      const numbers = values.flatMap((value) => value ?? [])
      const spread = numbers.length === values.length ? spreadOf(numbers) : null
      if (spread) signals[signal] = spread
      else unmeasured[signal] = `${statement.key} does not always give one number`
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (isUnreachable(error)) throw error
    const why = error instanceof Error ? error.message : String(error)
    unmeasured[statement.key] = why
    for (const signal of statement.signals) unmeasured[signal] = why
  }
}
