import { join } from 'node:path'
import { type App, Stage } from 'aws-cdk-lib'
import type { Plan } from '#core/plan/load.ts'
import { readEnvironments, requireKnownPlans } from '#infra/environment.ts'
import { writePackage } from '#infra/package.ts'
import { readPlans } from '#infra/plans.ts'
import { RollbackStack } from '#infra/rollback-stack.ts'
import { StorageStack } from '#infra/storage-stack.ts'

/** The two stacks of an environment. */
export interface EnvironmentStacks {
  readonly storage: StorageStack
  readonly rollback: RollbackStack
}

/** Writes the code of all functions into a folder. */
export type WriteCode = (directory: string, plans: readonly Plan[]) => Promise<unknown>

/**
 * Adds a stage per environment of the context to the app, named as the environment: `cdk deploy 'staging/*'`. The code is built
 * once, for all of them.
 */
export const addStages = async (app: App, writeCode: WriteCode = writePackage): Promise<EnvironmentStacks[]> => {
  const environments = readEnvironments(app.node.tryGetContext('environments'))
  const plans = await readPlans()
  requireKnownPlans(environments, plans)
  const directory = join(app.outdir, 'functions')
  await writeCode(directory, plans)
  return environments.map((environment) => {
    const stage = new Stage(app, environment.name)
    const storage = new StorageStack(stage, 'storage', environment)
    return {
      storage,
      rollback: new RollbackStack(stage, 'rollback', { environment, plans, package: directory, storage }),
    }
  })
}
