import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#core/ports.ts'
import { ApiError } from './json-protocol.ts'
import { KeptJson } from './kept-json.ts'
import { type AccountConcurrency, concurrencyRoutes } from './lambda-concurrency.ts'
import type { LambdaState } from './lambda-state.ts'
import { type Route, restService } from './rest-protocol.ts'
import type { Service } from './service.ts'

const Configuration = z.strictObject({
  code: z.string(),
  environment: z.record(z.string(), z.string()),
  modifiedAt: z.iso.datetime(),
  revision: z.string(),
  /** Looks until it has been taken. */
  pending: z.int().min(0),
})
type Configuration = z.infer<typeof Configuration>
const KeptFunction = z.strictObject({
  latest: Configuration,
  versions: z.record(z.string(), Configuration),
  aliases: z.record(z.string(), z.strictObject({ version: z.string(), revision: z.string() })),
})
type KeptFunction = z.infer<typeof KeptFunction>
const Kept = z.record(z.string(), KeptFunction)
type Kept = z.infer<typeof Kept>

export interface LambdaService extends Service {
  /** Brings functions to what a fixture says of them; the others stay as they are. */
  load(state: LambdaState): void
}

const FUNCTION = '/2015-03-31/functions/([^/]+)'
const Environment = z.strictObject({ Variables: z.record(z.string(), z.string()) })

const notFound = (what: string): ApiError => new ApiError('ResourceNotFoundException', `${what} not found`, 404)
const same = (a: Configuration, b: Configuration): boolean =>
  a.code === b.code &&
  JSON.stringify(Object.entries(a.environment).sort()) === JSON.stringify(Object.entries(b.environment).sort())
const highest = (versions: Readonly<Record<string, unknown>>): number =>
  Math.max(0, ...Object.keys(versions).map(Number))

/** GetFunctionConfiguration, UpdateFunctionConfiguration, PublishVersion, GetAlias and UpdateAlias, and what an account may run at once. An update is taken at the second look. */
export const lambdaService = ({
  directory,
  clock,
  account = { limit: 1000, reserved: {} },
}: {
  directory: string
  clock: Pick<Clock, 'now'>
  account?: AccountConcurrency
}): LambdaService => {
  const kept = new KeptJson<Kept>(join(directory, 'lambda.json'), Kept, {})
  const find = (name: string): KeptFunction => {
    const found = kept.get()[name]
    if (!found) throw notFound(`Function ${name}`)
    return found
  }
  const put = (name: string, one: KeptFunction) => kept.set({ ...kept.get(), [name]: one })
  const shown = (name: string, version: string, one: Configuration) => ({
    FunctionName: name,
    FunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    Version: version,
    CodeSha256: createHash('sha256').update(one.code).digest('base64'),
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    MemorySize: 128,
    Timeout: 3,
    State: 'Active',
    LastUpdateStatus: one.pending > 0 ? 'InProgress' : 'Successful',
    LastModified: one.modifiedAt.replace('Z', '+0000'),
    RevisionId: one.revision,
    Environment: { Variables: one.environment },
  })
  const requireRevision = (given: string | undefined, revision: string) => {
    if (given !== undefined && given !== revision)
      throw new ApiError(
        'PreconditionFailedException',
        'The Revision Id provided does not match the latest Revision Id.',
        412,
      )
  }
  const requireTaken = ({ latest }: KeptFunction) => {
    if (latest.pending > 0)
      throw new ApiError(
        'ResourceConflictException',
        'The operation cannot be performed at this time. An update is in progress.',
        409,
      )
  }
  const routes: Route[] = [
    ...concurrencyRoutes(account, (name) => kept.get()[name] !== undefined),
    {
      operation: 'GetFunctionConfiguration',
      method: 'GET',
      path: new RegExp(`^${FUNCTION}/configuration$`),
      run: ({ names: [name = ''], query }) => {
        const found = find(name)
        const version = query.get('Qualifier')
        if (version === null || version === '$LATEST') {
          const latest = { ...found.latest, pending: Math.max(0, found.latest.pending - 1) }
          put(name, { ...found, latest })
          return { body: shown(name, '$LATEST', found.latest) }
        }
        const one = found.versions[version]
        if (!one) throw notFound(`Function ${name}:${version}`)
        return { body: shown(name, version, one) }
      },
    },
    {
      operation: 'UpdateFunctionConfiguration',
      method: 'PUT',
      path: new RegExp(`^${FUNCTION}/configuration$`),
      run: ({ names: [name = ''], body }) => {
        const found = find(name)
        const asked = z.strictObject({ Environment, RevisionId: z.string().optional() }).parse(body)
        requireRevision(asked.RevisionId, found.latest.revision)
        requireTaken(found)
        const latest = {
          ...found.latest,
          environment: asked.Environment.Variables,
          modifiedAt: clock.now().toISOString(),
          revision: randomUUID(),
          pending: 1,
        }
        put(name, { ...found, latest })
        return { body: shown(name, '$LATEST', latest) }
      },
    },
    {
      operation: 'PublishVersion',
      method: 'POST',
      path: new RegExp(`^${FUNCTION}/versions$`),
      run: ({ names: [name = ''], body }) => {
        const found = find(name)
        const asked = z
          .strictObject({ CodeSha256: z.string().optional(), RevisionId: z.string().optional() })
          .parse(body)
        requireRevision(asked.RevisionId, found.latest.revision)
        requireTaken(found)
        const last = String(highest(found.versions))
        const before = found.versions[last]
        if (before && same(before, found.latest)) return { status: 201, body: shown(name, last, before) }
        const version = String(highest(found.versions) + 1)
        put(name, { ...found, versions: { ...found.versions, [version]: found.latest } })
        return { status: 201, body: shown(name, version, found.latest) }
      },
    },
    {
      operation: 'GetAlias',
      method: 'GET',
      path: new RegExp(`^${FUNCTION}/aliases/([^/]+)$`),
      run: ({ names: [name = '', alias = ''] }) => {
        const found = find(name).aliases[alias]
        if (!found) throw notFound(`Alias ${name}:${alias}`)
        return { body: { Name: alias, FunctionVersion: found.version, RevisionId: found.revision } }
      },
    },
    {
      operation: 'UpdateAlias',
      method: 'PUT',
      path: new RegExp(`^${FUNCTION}/aliases/([^/]+)$`),
      run: ({ names: [name = '', alias = ''], body }) => {
        const found = find(name)
        const before = found.aliases[alias]
        if (!before) throw notFound(`Alias ${name}:${alias}`)
        const asked = z
          .strictObject({
            FunctionVersion: z.string(),
            RevisionId: z.string().optional(),
            RoutingConfig: z.strictObject({ AdditionalVersionWeights: z.record(z.string(), z.number()) }).optional(),
          })
          .parse(body)
        requireRevision(asked.RevisionId, before.revision)
        if (!found.versions[asked.FunctionVersion]) throw notFound(`Function ${name}:${asked.FunctionVersion}`)
        const moved = { version: asked.FunctionVersion, revision: randomUUID() }
        put(name, { ...found, aliases: { ...found.aliases, [alias]: moved } })
        return { body: { Name: alias, FunctionVersion: moved.version, RevisionId: moved.revision } }
      },
    },
  ]
  return {
    ...restService({ name: 'lambda', routes, key: ([name = '']) => name }),
    load(state) {
      const given = Object.entries(state).map(([name, { versions, aliases }]) => {
        const made = Object.fromEntries(
          Object.entries(versions).map(([version, { code, environment }]): [string, Configuration] => [
            version,
            { code, environment, modifiedAt: clock.now().toISOString(), revision: randomUUID(), pending: 0 },
          ]),
        )
        const all = { ...kept.get()[name]?.versions, ...made }
        const latest = all[String(highest(all))]
        if (!latest) throw new TypeError(`function "${name}" has no version`)
        const moved = Object.entries(aliases).map(([alias, version]) => [alias, { version, revision: randomUUID() }])
        const before = kept.get()[name]?.aliases
        return [name, { latest, versions: all, aliases: { ...before, ...Object.fromEntries(moved) } }]
      })
      kept.set({ ...kept.get(), ...Object.fromEntries(given) })
    },
  }
}
