import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadPlan, type Plan } from '#core/plan/load.ts'

const PLANS = join(import.meta.dirname, '..', 'plans')

/** Every plan of the project. Throws `Plan.Invalid`: what cannot be run is not deployed. */
export const readPlans = async (): Promise<Plan[]> => {
  const entries = await readdir(PLANS, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return Promise.all(folders.sort().map((name) => loadPlan(join(PLANS, name))))
}
