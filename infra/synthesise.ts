import { join } from 'node:path'
import type { App } from 'aws-cdk-lib'
import { readEnvironments } from '#infra/environment.ts'
import { writePackage } from '#infra/package.ts'
import { readPlans } from '#infra/plans.ts'
import { RollbackStack } from '#infra/rollback-stack.ts'

/** Adds a stack per environment of the context to the app. The code is built once, for all of them. */
export const addStacks = async (app: App): Promise<RollbackStack[]> => {
  const environments = readEnvironments(app.node.tryGetContext('environments'))
  const plans = await readPlans()
  const directory = join(app.outdir, 'functions')
  writePackage(directory, plans)
  return environments.map((environment) => new RollbackStack(app, { environment, plans, package: directory }))
}
