import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { requireMayChange } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { runsOutsideTransaction } from '#core/plan/sql-file.ts'
import { SqlFile } from '#core/plan/vocabulary.ts'
import type { Session } from '#core/ports.ts'
import { sqlState } from '#core/sql/errors.ts'
import { sql } from '#core/sql/tag.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

const LOCK_NOT_AVAILABLE = '55P03'
const GIVE_UP_MS = 60_000

/** The parsed form of a plan's `run-sql` step. */
const Input = z.strictObject({
  file: SqlFile,
  expect: z.strictObject({ rows: z.int().min(0) }).optional(),
  statementTimeout: z.number().optional(),
})

const requireRows = (file: string, expected: number, rows: number): void => {
  if (rows === expected) return
  throw new RollbackError('Sql.UnexpectedRows', `"${file}" gave ${rows} rows, not ${expected}.`, {
    fix: 'It was rolled back. See why the data is not what the plan expects, then retry or choose another path.',
  })
}

/** One statement when rows are expected of it, else the whole file; in one transaction unless line 1 says no. */
const once = async (session: Session, text: string, { file, expect }: z.infer<typeof Input>): Promise<void> => {
  const work = async () => {
    if (!expect) return session.script(text)
    const { rowCount } = await session.query(sql.raw(text))
    requireRows(file, expect.rows, rowCount)
  }
  await (runsOutsideTransaction(text) ? work() : session.transaction(work))
}

export const runSql = defineStep({
  kind: 'run-sql',
  purpose: 'Runs an SQL file of the plan and stops at the first error.',
  event: inRun(Input),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const text = plan.sql[input.file]
    if (text === undefined)
      throw new RollbackError('Sql.UnknownFile', `Plan "${plan.name}" has no file "${input.file}".`, {
        fix: `Use one of ${Object.keys(plan.sql).join(', ')}.`,
        category: 'usage',
      })
    const deadline = ports.clock.now().getTime() + GIVE_UP_MS
    await mutating(
      run,
      plan,
      'run-sql',
      ports,
      async (session) => {
        for (;;) {
          try {
            // The try before may have waited.
            await requireMayChange(run, ports.objects)
            return await once(session, text, input)
          } catch (error) {
            // The session gives up after the lock budget, so that nobody queues behind it; nothing was changed, so again.
            if (sqlState(error) !== LOCK_NOT_AVAILABLE || ports.clock.now().getTime() > deadline) throw error
            await ports.clock.sleep(400 + Math.random() * 200, ports.signal)
          }
        }
      },
      input.statementTimeout === undefined ? {} : { statementTimeout: input.statementTimeout },
    )
    return { changed: true, detail: `${input.file} ran to its end`, waitSeconds: 0 }
  },
})
