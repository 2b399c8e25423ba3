import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RollbackError } from '#core/errors.ts'
import { loadPlan } from '#core/plan/load.ts'
import { nearest } from '#core/plan/nearest.ts'
import type { Plans } from '#core/plan/plans.ts'

const SHIPPED = fileURLToPath(new URL('../plans', import.meta.url))

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
      if (known.includes(name)) return loadPlan(join(directory() ?? SHIPPED, name))
      const guess = nearest(name, known)
      throw new RollbackError('Plan.Unknown', `There is no plan "${name}".`, {
        fix: guess ? `Did you mean "${guess}"?` : `Use one of ${known.join(', ')}.`,
        category: 'usage',
      })
    },
  }
}
