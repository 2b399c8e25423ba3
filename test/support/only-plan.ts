import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of plans with this one alone: the others have databases of their own. `remove` when it is not needed any more. */
export const onlyPlan = async (name: string): Promise<{ directory: string; remove: () => Promise<void> }> => {
  const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
  await cp(new URL(`../../plans/${name}`, import.meta.url).pathname, join(directory, name), { recursive: true })
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) }
}
