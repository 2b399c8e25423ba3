import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { RollbackError } from '#core/errors.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { nearest } from '#core/plan/nearest.ts'
import type { Plans } from '#core/plan/plans.ts'

/** In the package of a function the plans lie beside the code; here the code lies in a folder of its own. */
const SHIPPED = ['plans', '../plans'].map((path) => join(import.meta.dirname, path)).find(existsSync) ?? 'plans'

/** The shipped ones that this process has read: a deployment replaces the process, and reading takes longer than containing. */
const read = new Map<string, Promise<Plan>>()

const shipped = (name: string): Promise<Plan> => {
  const earlier = read.get(name)
  if (earlier) return earlier
  const plan = loadPlan(join(SHIPPED, name))
  read.set(name, plan)
  // What could not be read, for want of file handles say, may be read the next time.
  plan.catch(() => read.delete(name))
  return plan
}

/** The plans of a folder, one subfolder each; those shipped with the functions when none is named. */
export const planFolder = (directory: () => string | undefined = () => undefined): Plans => {
  const names = async (): Promise<string[]> => {
    const entries = await readdir(directory() ?? SHIPPED, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [])).sort()
  }
  return {
    names,
    load: async (name) => {
      const known = await names()
      // Compared with the listing, so that no name leads out of the folder.
      const folder = directory()
      if (known.includes(name)) return folder === undefined ? shipped(name) : loadPlan(join(folder, name))
      const guess = nearest(name, known)
      throw new RollbackError('Plan.Unknown', `There is no plan "${name}".`, {
        fix: guess ? `Did you mean "${guess}"?` : `Use one of ${known.join(', ')}.`,
        category: 'usage',
      })
    },
  }
}
