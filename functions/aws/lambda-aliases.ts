import {
  type GetFunctionConfigurationCommandOutput as Configuration,
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { LIMITS, type Limits } from '#aws/clients.ts'
import { lambdaClient } from '#aws/lambda-client.ts'
import { nameOf } from '#aws/sdk-errors.ts'
import { asked, missing, noSuchVersion } from '#aws/workload-errors.ts'
import type { PlatformWorkloads } from '#aws/workloads.ts'
import { RollbackError } from '#core/errors.ts'
import { printWorkload, type Workload } from '#core/plan/workloads.ts'
import type { RestartMarks } from '#core/ports-platform.ts'

type Lambda = Workload & { readonly platform: 'lambda' }

const FIX = 'Look at the function in the console of Lambda: its state, and what its last update says.'
const MARK = 'VECTOR_ROLLBACK_'

const isNotFound = (error: unknown): boolean => nameOf(error) === 'ResourceNotFoundException'

/** Another change came first: somebody's, or our own whose answer was lost. No error: the next look begins with it. */
const isOutdated = (error: unknown): boolean =>
  ['PreconditionFailedException', 'ResourceConflictException'].includes(nameOf(error))

/** The variables that are not ours: what must agree before a version is made of another one. */
const withoutOurs = (variables: Readonly<Record<string, string>> = {}, how: RestartMarks) =>
  Object.entries(variables)
    .filter(([name]) => !name.startsWith(MARK) && !Object.hasOwn(how.variables, name))
    .sort()

/** What would come along unasked if a version were published of `$LATEST` now. */
const driftOf = (live: Configuration, latest: Configuration, how: RestartMarks): string[] => {
  const parts = (one: Configuration): Record<string, unknown> => ({
    code: one.CodeSha256,
    handler: one.Handler,
    runtime: one.Runtime,
    memory: one.MemorySize,
    timeout: one.Timeout,
    layers: one.Layers?.map(({ Arn }) => Arn),
    role: one.Role,
    environment: withoutOurs(one.Environment?.Variables, how),
  })
  const [here, there] = [parts(live), parts(latest)]
  return Object.keys(here).filter((key) => JSON.stringify(here[key]) !== JSON.stringify(there[key]))
}

/**
 * Functions by their aliases. A version is the number of a published version. Versions keep their environment for good, so that a
 * restart publishes the code and configuration that the alias has, with another environment, and moves the alias there.
 */
export const lambdaAliases = (limits: Limits = LIMITS): PlatformWorkloads<Lambda> => {
  const send = <T>(workload: Lambda, doing: string, action: string, call: (lambda: LambdaClient) => Promise<T>) =>
    asked(workload, { doing, action: `lambda:${action}`, fix: FIX }, async () =>
      call(lambdaClient(limits)).catch((error: unknown) => {
        if (isNotFound(error)) throw missing(workload)
        throw error
      }),
    )
  /** Changes the revision that was read; `null` when it is another one by now. */
  const change = <T>(workload: Lambda, doing: string, action: string, call: (lambda: LambdaClient) => Promise<T>) =>
    send(workload, doing, action, (lambda) =>
      call(lambda).catch((error: unknown) => {
        if (isOutdated(error)) return null
        throw error
      }),
    )
  const configuration = (workload: Lambda, Qualifier?: string) =>
    send(workload, 'Looking at', 'GetFunctionConfiguration', (lambda) =>
      lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName: workload.function, ...(Qualifier ? { Qualifier } : {}) }),
      ),
    )
  const aliasOf = (workload: Lambda) =>
    send(workload, 'Looking at', 'GetAlias', (lambda) =>
      lambda.send(new GetAliasCommand({ FunctionName: workload.function, Name: workload.alias })),
    )
  const move = async (workload: Lambda, FunctionVersion: string, RevisionId: string | undefined) => {
    const { function: FunctionName, alias: Name } = workload
    const RoutingConfig = { AdditionalVersionWeights: {} }
    await change(workload, 'Moving', 'UpdateAlias', (lambda) =>
      lambda.send(
        new UpdateAliasCommand({
          FunctionName,
          Name,
          FunctionVersion,
          RoutingConfig,
          ...(RevisionId ? { RevisionId } : {}),
        }),
      ),
    )
  }
  const exists = async (workload: Lambda, name: string): Promise<Configuration> =>
    asked(workload, { doing: 'Looking for a version of', action: 'lambda:GetFunctionConfiguration', fix: FIX }, () =>
      lambdaClient(limits)
        .send(new GetFunctionConfigurationCommand({ FunctionName: workload.function, Qualifier: name }))
        .catch((error: unknown) => {
          if (isNotFound(error))
            throw noSuchVersion(workload, name, 'Publish it again, and name its number in the step.', error)
          throw error
        }),
    )
  return {
    async look(workload) {
      const alias = await aliasOf(workload)
      const version = alias.FunctionVersion ?? ''
      const { State, LastUpdateStatus, StateReason, LastModified, Environment } = await configuration(workload, version)
      const weights = Object.entries(alias.RoutingConfig?.AdditionalVersionWeights ?? {})
      const ready = State !== 'Pending' && State !== 'Failed' && LastUpdateStatus !== 'InProgress'
      const marks = Object.entries(Environment?.Variables ?? {}).flatMap(([name, value]) =>
        name.startsWith(MARK) ? [[name.slice(MARK.length), value]] : [],
      )
      return {
        version,
        count: null,
        rollout: {
          id: `${version} ${LastModified ?? ''}`,
          began: null,
          done: ready && weights.length === 0,
          stuck: State === 'Failed' ? (StateReason ?? 'Lambda has given the version up') : null,
          detail: `${workload.alias} is version ${version}${ready ? '' : `, which is ${State}`}`,
          behind: weights.map(([other, weight]) => `version ${other}, which still gets ${weight * 100}% of the calls`),
        },
        marks: Object.fromEntries(marks),
      }
    },
    async version(workload, name) {
      const { Version } = await exists(workload, name)
      return { version: Version ?? name, images: [], label: `version ${Version ?? name}` }
    },
    async versions(workload) {
      const alias = await aliasOf(workload)
      const version = alias.FunctionVersion ?? ''
      return [{ version, images: [], label: `version ${version}` }]
    },
    async deploy(workload, version) {
      const alias = await aliasOf(workload)
      await move(workload, version, alias.RevisionId)
    },
    async restart(workload, how) {
      const alias = await aliasOf(workload)
      const [live, latest] = await Promise.all([
        configuration(workload, alias.FunctionVersion),
        configuration(workload),
      ])
      const drift = driftOf(live, latest, how)
      if (drift.length > 0)
        throw new RollbackError(
          'Workload.Drifted',
          `${printWorkload(workload)} is version ${alias.FunctionVersion}, and $LATEST has another ${drift.join(', ')}: a restart would deploy that too.`,
          { fix: 'Bring $LATEST to what the alias has, or name a version by previous-version.', category: 'refused' },
        )
      const wanted: Record<string, string> = {
        ...how.variables,
        ...Object.fromEntries(Object.entries(how.marks).map(([name, value]) => [MARK + name, value])),
      }
      const variables = latest.Environment?.Variables ?? {}
      if (Object.entries(wanted).some(([name, value]) => variables[name] !== value)) {
        const Environment = { Variables: { ...variables, ...wanted } }
        await change(workload, 'Restarting', 'UpdateFunctionConfiguration', (lambda) =>
          lambda.send(
            new UpdateFunctionConfigurationCommand({
              FunctionName: workload.function,
              Environment,
              ...(latest.RevisionId ? { RevisionId: latest.RevisionId } : {}),
            }),
          ),
        )
        return
      }
      if (latest.LastUpdateStatus === 'InProgress') return
      // Gives the version that there is when nothing has changed since: publishing twice is publishing once.
      const published = await change(workload, 'Publishing', 'PublishVersion', (lambda) =>
        lambda.send(
          new PublishVersionCommand({
            FunctionName: workload.function,
            ...(latest.CodeSha256 ? { CodeSha256: latest.CodeSha256 } : {}),
            ...(latest.RevisionId ? { RevisionId: latest.RevisionId } : {}),
          }),
        ),
      )
      if (!published || published.State === 'Pending' || published.Version === alias.FunctionVersion) return
      await move(workload, published.Version ?? '', alias.RevisionId)
    },
    async scale(workload) {
      throw new RollbackError('Workload.Rejected', `${printWorkload(workload)} has no count.`, {
        fix: 'Scale services of ECS and deployments of EKS.',
        category: 'usage',
      })
    },
  }
}
