import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RollbackError } from '#core/errors.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { nearest } from '#core/plan/nearest.ts'
import type { Plans } from '#core/plan/plans.ts'

/** In the package of a function the plans lie beside the code; here the code lies in a folder of its own. */
const SHIPPED = ['plans', '../plans'].map((path) => join(import.meta.dirname, path)).find(existsSync) ?? 'plans'

/** What this process has read. Reading takes longer than containing, and every step of a run wants its plan. */
const read = new Map<string, { readonly state: string; readonly plan: Promise<Plan> }>()

/** Changes with every edit of a file in the folder. */
const stateOf = async (folder: string): Promise<string> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const stats = await Promise.all(files.map((file) => stat(file, { bigint: true })))
  return stats.map(({ ino, size, mtimeNs }, i) => `${files[i]} ${ino} ${size} ${mtimeNs}`).join('\n')
}

/** Those shipped with the functions never change: a deployment replaces the process. */
const loadOnce = async (folder: string, state: string): Promise<Plan> => {
  const earlier = read.get(folder)
  if (earlier?.state === state) return earlier.plan
  const plan = loadPlan(folder)
  read.set(folder, { state, plan })
  // What could not be read, for want of file handles say, may be read the next time.
  plan.catch(() => read.delete(folder))
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
      const path = join(folder ?? SHIPPED, name)
      if (known.includes(name)) return loadOnce(path, folder === undefined ? 'shipped' : await stateOf(path))
      const guess = nearest(name, known)
      throw new RollbackError('Plan.Unknown', `There is no plan "${name}".`, {
        fix: guess ? `Did you mean "${guess}"?` : `Use one of ${known.join(', ')}.`,
        category: 'usage',
      })
    },
  }
}
