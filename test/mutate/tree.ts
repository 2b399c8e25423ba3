import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listSqlFiles } from '#core/plan/files.ts'
import { PLAN_FILE, readPlan } from '#core/plan/load.ts'
import { sqlReferences } from '#core/plan/references.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LEFT_OUT = ['node_modules', '.git', 'drills', 'test-output', 'cdk.out', 'dist', '.cache']

/** A copy of the project, with the packages of the real one: its tests read the plans of the copy. */
export interface Tree {
  readonly root: string
  /** Writes plan.yaml, and removes the SQL files that it does not name. Resolves to why the plan is refused; `null` when it loads. */
  write(plan: string, text: string): Promise<string | null>
  /** Makes the folder of the plan what it really is. */
  reset(plan: string): Promise<void>
  remove(): Promise<void>
}

export const copyTree = async (): Promise<Tree> => {
  const root = await mkdtemp(join(tmpdir(), 'vector-rollback-mutate-'))
  await cp(ROOT, root, {
    recursive: true,
    filter: (source) => !LEFT_OUT.some((name) => source === join(ROOT, name)),
  })
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const reset = async (plan: string) => {
    const folder = join(root, 'plans', plan)
    await rm(folder, { recursive: true })
    await cp(join(ROOT, 'plans', plan), folder, { recursive: true })
  }
  return {
    root,
    reset,
    async write(plan, text) {
      await reset(plan)
      const folder = join(root, 'plans', plan)
      await writeFile(join(folder, PLAN_FILE), text)
      const { plan: read, problems } = await readPlan(folder)
      if (read === null || problems.length > 0) return problems[0]?.message ?? 'it cannot be read'
      const named = sqlReferences(read).map(({ file }) => file)
      // A file that nothing names any more is a problem of its own, which would speak for every step.
      for (const file of await listSqlFiles(folder)) if (!named.includes(file)) await rm(join(folder, file))
      return null
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}
