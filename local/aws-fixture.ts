import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RollbackError } from '#core/errors.ts'
import { parseYaml } from '#core/plan/yaml.ts'
import { EcsState } from '#local/endpoints/ecs-state.ts'
import { EksState } from '#local/endpoints/eks-state.ts'
import { LambdaState } from '#local/endpoints/lambda-state.ts'
import { RdsState } from '#local/endpoints/rds-state.ts'
import { CommandsState } from '#local/endpoints/ssm-commands.ts'
import { SsmState } from '#local/endpoints/ssm-state.ts'

/** What the services of AWS hold, beside the database. One key is one service: its state stands beside its endpoint. */
export const AwsState = z.strictObject({
  ssm: SsmState.optional(),
  rds: RdsState.optional(),
  commands: CommandsState.optional(),
  ecs: EcsState.optional(),
  lambda: LambdaState.optional(),
  eks: EksState.optional(),
})
export type AwsState = z.output<typeof AwsState>

/** How one service takes its part of a state. What the state does not name stays as it is. */
export type AwsLoaders = {
  readonly [K in keyof AwsState]-?: (state: NonNullable<AwsState[K]>) => void | Promise<void>
}

/** `fixture/aws.yaml`: what a drill finds in AWS in place of the real system. */
const AwsFixture = z.strictObject({
  /** The good state, which is recorded. */
  before: AwsState,
  /** What the deployment that goes wrong does to it. */
  after: AwsState.prefault({}),
})
export type AwsFixture = z.output<typeof AwsFixture>

export const AWS_FIXTURE = join('fixture', 'aws.yaml')

const invalid = (file: string, problems: string): RollbackError =>
  new RollbackError('Fixture.Invalid', `"${file}" cannot be used:\n${problems}\n`, {
    fix: 'Write before: and after:, keys by service; docs/plan.md has an example.',
    category: 'usage',
  })

/**
 * The AWS fixture of the plan in a folder, `{env}` filled; `null` where the plan has none. Throws `Fixture.Invalid` with all
 * that is wrong.
 */
export const awsFixtureOf = async (directory: string, environment: string): Promise<AwsFixture | null> => {
  const file = join(directory, AWS_FIXTURE)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const yaml = parseYaml(AWS_FIXTURE, text.replaceAll('{env}', environment))
  if (yaml.problems.length > 0)
    throw invalid(file, yaml.problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n'))
  const read = AwsFixture.safeParse(yaml.value)
  if (read.success) return read.data
  throw invalid(file, z.prettifyError(read.error))
}

/** Brings the services to a state, one after the other. */
export const loadAwsState = async (state: AwsState, loaders: AwsLoaders): Promise<void> => {
  if (state.ssm) await loaders.ssm(state.ssm)
  if (state.rds) await loaders.rds(state.rds)
  if (state.commands) await loaders.commands(state.commands)
  if (state.ecs) await loaders.ecs(state.ecs)
  if (state.lambda) await loaders.lambda(state.lambda)
  if (state.eks) await loaders.eks(state.eks)
}
