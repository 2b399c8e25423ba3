import { RollbackError } from '#core/errors.ts'
import type { Plan } from '#core/plan/load.ts'

/** The text of an SQL file that plan.yaml names. Throws `Sql.UnknownFile`. */
export const sqlOf = (plan: Plan, file: string): string => {
  const text = plan.sql[file]
  if (text !== undefined) return text
  throw new RollbackError('Sql.UnknownFile', `Plan "${plan.name}" has no file "${file}".`, {
    fix: `Use one of ${Object.keys(plan.sql).join(', ')}.`,
    category: 'usage',
  })
}
