import type { Expectation, SqlCheck } from '#core/plan/checks.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { planFolder } from '#test/core/plan/folder.ts'

export const FILE = 'sql/check.sql'

/** The small plan, and in it a check's statement. */
export const planOf = async (statement: string): Promise<Plan> => {
  const plan = await loadPlan(await planFolder())
  return { ...plan, sql: { ...plan.sql, [FILE]: statement } }
}

export const checkOf = (expect: Expectation, as: string | null = null): SqlCheck => ({
  kind: 'sql',
  describe: 'A promise.',
  after: ['flag'],
  file: FILE,
  as,
  expect,
})
