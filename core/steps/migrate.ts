import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { locksOfRun } from '#core/incident/may-change.ts'
import { mutating } from '#core/incident/session.ts'
import { migrate as undoMigration } from '#core/ledger/migrate.ts'
import { printTable } from '#core/names.ts'
import { SqlFile } from '#core/plan/vocabulary.ts'
import { TableName } from '#core/snapshot/part.ts'
import { defineStep, inRun } from '#core/steps/define-step.ts'

/** The parsed form of a plan's `migrate` step. */
const Input = z.strictObject({
  ledger: TableName,
  column: z.string(),
  from: z.array(z.string()).min(1),
  to: z.string(),
  file: SqlFile,
  locks: z.array(TableName),
  gone: z.array(TableName),
  statementTimeout: z.number().optional(),
})

export const migrate = defineStep({
  kind: 'migrate',
  purpose: 'Undoes a migration to an absolute revision: its SQL file and the ledger in one transaction.',
  event: inRun(Input),
  needs: ['database', 'objects', 'plans', 'clock', 'signal'],
  run: async ({ run, input }, ports) => {
    const plan = await ports.plans.load(run.plan)
    const { ledger: table, column, from, to, file, locks, gone, statementTimeout } = input
    const text = plan.sql[file]
    if (text === undefined)
      throw new RollbackError('Sql.UnknownFile', `Plan "${plan.name}" has no file "${file}".`, {
        fix: `Use one of ${Object.keys(plan.sql).join(', ')}.`,
        category: 'usage',
      })
    const { changed, before } = await mutating(
      run,
      plan,
      'migrate',
      ports,
      (session) =>
        undoMigration(session, {
          move: { table, column, from, to },
          script: text,
          locks,
          gone,
          clock: ports.clock,
          lockOptions: locksOfRun(run, plan, ports),
        }),
      statementTimeout === undefined ? {} : { statementTimeout },
    )
    return {
      changed,
      detail: changed
        ? `${file} ran to its end; ${printTable(table)} from "${before}" to "${to}"`
        : `${printTable(table)} says "${to}" already`,
      waitSeconds: 0,
    }
  },
})
