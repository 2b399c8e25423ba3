import { z } from 'zod'
import { changeCaptured } from '#core/capture/change.ts'
import { type Capture, printCapture } from '#core/capture/record.ts'
import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { runsOutsideTransaction } from '#core/plan/sql-file.ts'
import { sqlOf } from '#core/plan/sql-of.ts'
import { SqlFile } from '#core/plan/vocabulary.ts'
import type { Session } from '#core/ports.ts'
import { whileContended } from '#core/sql/contended.ts'
import { sql } from '#core/sql/tag.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

/** The parsed form of a plan's `run-sql` step. */
const Input = z.strictObject({
  file: SqlFile,
  expect: z.strictObject({ rows: z.int().min(0) }).optional(),
  capture: SqlFile.optional(),
  earlier: SqlFile.optional(),
  statementTimeout: z.number().optional(),
})

const requireRows = (file: string, expected: number, rows: number): void => {
  if (rows === expected) return
  throw new RollbackError('Sql.UnexpectedRows', `"${file}" gave ${rows} rows, not ${expected}.`, {
    fix: 'It was rolled back. See why the data is not what the plan expects, then retry or choose another path.',
  })
}

/** One statement when rows are expected of it, else the whole file. */
const statements = async (session: Session, text: string, { file, expect }: z.infer<typeof Input>): Promise<void> => {
  if (!expect) return session.script(text)
  const { rowCount } = await session.query(sql.raw(text))
  requireRows(file, expect.rows, rowCount)
}

/** In one transaction unless line 1 says no. */
const uncaptured = async (session: Session, text: string, input: z.infer<typeof Input>): Promise<null> => {
  const work = () => statements(session, text, input)
  await (runsOutsideTransaction(text) ? work() : session.transaction(work))
  return null
}

const told = (file: string, rows: string, capture: Capture | null) =>
  capture === null
    ? { changed: false, detail: `${rows} finds no row that ${file} would change` }
    : { changed: true, detail: `${file} ran to its end, over ${printCapture(capture)}` }

export const runSql = defineStep({
  kind: 'run-sql',
  purpose: 'Runs an SQL file of the plan and stops at the first error.',
  event: inRun(Input),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const text = sqlOf(plan, input.file)
    const { capture: rows, earlier } = input
    const once = (session: Session) =>
      rows === undefined
        ? requireMayChange(run, ports.objects).then(() => uncaptured(session, text, input))
        : changeCaptured(session, plan, run, { capture: rows, earlier }, () => statements(session, text, input), ports)
    const capture = await mutating(
      run,
      plan,
      'run-sql',
      ports,
      // The session gives up after the lock budget, so that nobody queues behind it; the try before may have waited.
      (session) => whileContended(() => once(session), ports),
      input.statementTimeout === undefined ? {} : { statementTimeout: input.statementTimeout },
    )
    if (rows !== undefined) return { ...told(input.file, rows, capture), waitSeconds: 0 }
    return { changed: true, detail: `${input.file} ran to its end`, waitSeconds: 0 }
  },
})
