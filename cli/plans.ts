import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RollbackError } from '#core/errors.ts'
import { PLAN_FILE } from '#core/plan/load.ts'
import { suggestion } from '#core/plan/nearest.ts'
import { planFolder } from '#functions/plans.ts'

/** The project's own plans. */
export const SHIPPED = fileURLToPath(new URL('../plans', import.meta.url))

const usage = (name: `${string}.${string}`, message: string, fix: string) =>
  new RollbackError(name, message, { fix, category: 'usage' })

const isThere = async (path: string, what: 'isDirectory' | 'isFile'): Promise<boolean> => {
  const found = await stat(path).catch(() => null)
  return found?.[what]() ?? false
}

const folderOf = async (plans: string | undefined): Promise<string> => {
  const folder = resolve(plans ?? SHIPPED)
  if (await isThere(folder, 'isDirectory')) return folder
  throw usage(
    'Plan.NoFolder',
    `There is no folder "${folder}".`,
    'Correct --plans: the folder with one folder per plan.',
  )
}

/** Folders of all plans below the plans folder, in the order of their names. Throws `Plan.NoFolder`. */
export const allPlans = async (plans?: string): Promise<string[]> => {
  const folder = await folderOf(plans)
  const names = await planFolder(() => folder).names()
  if (names.length > 0) return names.map((name) => join(folder, name))
  throw usage(
    'Plan.NoFolder',
    `There is no plan in "${folder}".`,
    'Correct --plans: the folder with one folder per plan.',
  )
}

/**
 * The folder of a plan: `pgvector-search` is a name below the plans folder (the project's own, or `plans`), what has a slash
 * is a path. Throws `Plan.Unknown` with the plans there are.
 */
export const findPlan = async (plan: string, plans?: string): Promise<string> => {
  if (plan.includes('/') || plan === '.' || plan === '..') {
    const directory = resolve(plan)
    if (await isThere(join(directory, PLAN_FILE), 'isFile')) return directory
    throw usage('Plan.Unknown', `There is no ${PLAN_FILE} in "${directory}".`, 'Name the folder of a plan.')
  }
  const folder = await folderOf(plans)
  const names = await planFolder(() => folder).names()
  if (names.includes(plan)) return join(folder, plan)
  throw usage('Plan.Unknown', `There is no plan "${plan}" in "${folder}".`, suggestion(plan, names))
}
