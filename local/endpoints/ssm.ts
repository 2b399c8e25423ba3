import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#core/ports.ts'
import { ApiError, jsonService, operation, page } from './json-protocol.ts'
import type { Service } from './service.ts'
import { type CommandsState, runCommands, type SentCommand } from './ssm-commands.ts'
import { type Parameter, Parameters, type ParameterVersion } from './ssm-parameters.ts'
import type { SsmState } from './ssm-state.ts'

/** Where the parameters are said to be: what their ARNs begin with. */
const ARN = 'arn:aws:ssm:local:000000000000:parameter'
const MAX_VALUE_BYTES = 4_096
const MAX_LEVELS = 15
const DEFAULT_KEY = 'alias/aws/ssm'

const Name = z.string().min(1).max(2_048)
const Tags = z
  .array(z.strictObject({ Key: z.string().min(1).max(128), Value: z.string().max(256) }))
  .transform((tags) => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])))
const Decrypted = { WithDecryption: z.boolean().default(false) }

export interface SsmService extends Service {
  /** Brings parameters to what a fixture says of them; those that it does not name stay as they are. */
  load(state: SsmState): void
  /** The same for the documents of Run Command. */
  loadCommands(state: CommandsState): void
  /** Commands that were sent, oldest first. */
  sentCommands(): readonly SentCommand[]
}

/**
 * Parameter Store: GetParameter, GetParameters, GetParametersByPath, GetParameterHistory, PutParameter, DeleteParameter,
 * AddTagsToResource, ListTagsForResource; Run Command, see `ssm-commands.ts`. Parameters of the standard tier; no labels, no policies. A SecureString is
 * shown in the clear with WithDecryption only, and is not encrypted on this disk: use made-up secrets. Kept in `<directory>/parameters.json`.
 */
export const ssmService = ({ directory, clock }: { directory: string; clock: Pick<Clock, 'now'> }): SsmService => {
  const parameters = new Parameters(join(directory, 'parameters.json'))
  const commands = runCommands({ path: join(directory, 'commands.json'), clock })
  const find = (name: string): Parameter => {
    const found = parameters.get(name)
    if (found === undefined) throw new ApiError('ParameterNotFound', `There is no parameter "${name}".`)
    return found
  }

  const service = jsonService({
    name: 'ssm',
    target: 'AmazonSSM',
    version: '1.1',
    key: (input) => z.object({ Name: z.string() }).safeParse(input).data?.Name ?? null,
    operations: {
      ...commands.operations,
      GetParameter: operation(z.strictObject({ Name, ...Decrypted }), ({ Name, WithDecryption }) => ({
        Parameter: shown(WithDecryption, ...select(find, Name)),
      })),
      GetParameters: operation(
        z.strictObject({ Names: z.array(Name).min(1).max(10), ...Decrypted }),
        ({ Names, WithDecryption }) => {
          const known = Names.filter((name) => parameters.get(name.split(':')[0] ?? '') !== undefined)
          return {
            Parameters: known.map((name) => shown(WithDecryption, ...select(find, name))),
            InvalidParameters: Names.filter((name) => !known.includes(name)),
          }
        },
      ),
      GetParametersByPath: operation(
        z.strictObject({
          Path: z.string().startsWith('/'),
          Recursive: z.boolean().default(false),
          MaxResults: z.int().min(1).max(10).default(10),
          NextToken: z.string().optional(),
          ...Decrypted,
        }),
        ({ Path, Recursive, MaxResults, NextToken, WithDecryption }) => {
          const folder = Path.endsWith('/') ? Path : `${Path}/`
          const below = parameters
            .all()
            .filter(({ name }) => name.startsWith(folder))
            .filter(({ name }) => Recursive || !name.slice(folder.length).includes('/'))
          const { items, nextToken } = page(below, MaxResults, NextToken, 'InvalidNextToken')
          return {
            Parameters: items.map((parameter) => shown(WithDecryption, parameter, latest(parameter))),
            NextToken: nextToken,
          }
        },
      ),
      GetParameterHistory: operation(
        z.strictObject({
          Name,
          MaxResults: z.int().min(1).max(50).default(50),
          NextToken: z.string().optional(),
          ...Decrypted,
        }),
        ({ Name, MaxResults, NextToken, WithDecryption }) => {
          const { items, nextToken } = page(find(Name).versions, MaxResults, NextToken, 'InvalidNextToken')
          return { Parameters: items.map((version) => historical(WithDecryption, Name, version)), NextToken: nextToken }
        },
      ),
      PutParameter: operation(
        z.strictObject({
          Name,
          Value: z.string().min(1),
          Type: z.enum(['String', 'StringList', 'SecureString']).optional(),
          Description: z.string().max(1_024).optional(),
          Overwrite: z.boolean().default(false),
          Tags: Tags.optional(),
          Tier: z.literal('Standard').optional(),
          DataType: z.literal('text').optional(),
          KeyId: z.string().min(1).optional(),
        }),
        ({ Name, Value, Type, Description, Overwrite, Tags, KeyId }) => {
          requireName(Name)
          if (Buffer.byteLength(Value) > MAX_VALUE_BYTES) {
            throw new ApiError('ValidationException', `The value of "${Name}" has more than ${MAX_VALUE_BYTES} bytes.`)
          }
          const before = parameters.get(Name)
          if (before !== undefined && !Overwrite) {
            throw new ApiError(
              'ParameterAlreadyExists',
              `The parameter "${Name}" exists. To overwrite this value, set the overwrite option in the request to true.`,
            )
          }
          if (Overwrite && Tags !== undefined) {
            throw new ApiError(
              'ValidationException',
              'Tags and Overwrite cannot be used together: use AddTagsToResource.',
            )
          }
          const type = Type ?? (before && latest(before).type)
          if (type === undefined) throw new ApiError('ValidationException', 'A new parameter must have a Type.')
          if (KeyId !== undefined && type !== 'SecureString') {
            throw new ApiError('ValidationException', 'KeyId is required for SecureString type parameter only.')
          }
          if (before !== undefined && latest(before).type !== type) {
            throw new ApiError('HierarchyTypeMismatchException', `The type of "${Name}" is ${latest(before).type}.`)
          }
          const content = {
            value: Value,
            type,
            modifiedAt: clock.now(),
            ...(Description === undefined ? {} : { description: Description }),
            ...(type === 'SecureString' ? { keyId: KeyId ?? DEFAULT_KEY } : {}),
          }
          return { Version: latest(parameters.put(Name, content, Tags ?? {})).version, Tier: 'Standard' }
        },
      ),
      DeleteParameter: operation(z.strictObject({ Name }), ({ Name }) => parameters.delete(find(Name).name)),
      AddTagsToResource: operation(
        z.strictObject({ ResourceType: z.literal('Parameter'), ResourceId: Name, Tags }),
        ({ ResourceId, Tags }) => parameters.tag(taggable(parameters, ResourceId), Tags),
      ),
      ListTagsForResource: operation(
        z.strictObject({ ResourceType: z.literal('Parameter'), ResourceId: Name }),
        ({ ResourceId }) => ({
          TagList: Object.entries(taggable(parameters, ResourceId).tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      ),
    },
  })
  return {
    ...service,
    loadCommands: commands.load,
    sentCommands: commands.sent,
    load(state) {
      for (const [name, wanted] of Object.entries(state)) {
        requireName(name)
        const before = parameters.get(name)
        if (wanted === null) {
          if (before) parameters.delete(name)
          continue
        }
        const there = before && latest(before)
        if (there?.value === wanted.value && there.type === wanted.type) continue
        // A parameter keeps its type for as long as it lives.
        if (there && there.type !== wanted.type) parameters.delete(name)
        parameters.put(name, { ...wanted, modifiedAt: clock.now() }, {})
      }
    },
  }
}

const latest = ({ versions }: Parameter): ParameterVersion => versions.at(-1) ?? versions[0]

/** `name` or `name:version`. */
const select = (find: (name: string) => Parameter, selector: string): [Parameter, ParameterVersion] => {
  const [name = '', number] = selector.split(':')
  const parameter = find(name)
  if (number === undefined) return [parameter, latest(parameter)]
  const found = parameter.versions.find(({ version }) => String(version) === number)
  if (found === undefined) {
    throw new ApiError('ParameterVersionNotFound', `The parameter "${name}" has no version or label "${number}".`)
  }
  return [parameter, found]
}

const requireName = (name: string): void => {
  if (
    !/^[A-Za-z0-9_.\-/]+$/.test(name) ||
    /^\/?(aws|ssm)/i.test(name) ||
    (name.includes('/') && !name.startsWith('/'))
  ) {
    throw new ApiError('ValidationException', `"${name}" cannot be the name of a parameter.`)
  }
  if (name.split('/').length - 1 > MAX_LEVELS) {
    throw new ApiError('HierarchyLevelLimitExceededException', `"${name}" has more than ${MAX_LEVELS} levels.`)
  }
}

const taggable = (parameters: Parameters, name: string): Parameter => {
  const found = parameters.get(name)
  if (found === undefined) throw new ApiError('InvalidResourceId', `There is no parameter "${name}".`)
  return found
}

/** As it is stored: what KMS gives back for a SecureString is nothing that anybody can use. */
const readable = (decrypted: boolean, { value, type }: ParameterVersion): string =>
  type === 'SecureString' && !decrypted ? Buffer.from(`encrypted:${value.length}`).toString('base64') : value

const shown = (decrypted: boolean, { name }: Parameter, stored: ParameterVersion) => ({
  Name: name,
  Type: stored.type,
  Value: readable(decrypted, stored),
  Version: stored.version,
  LastModifiedDate: stored.modifiedAt,
  ARN: `${ARN}${name.startsWith('/') ? '' : '/'}${name}`,
  DataType: 'text',
})

const historical = (decrypted: boolean, name: string, stored: ParameterVersion) => ({
  Name: name,
  Type: stored.type,
  Value: readable(decrypted, stored),
  Version: stored.version,
  LastModifiedDate: stored.modifiedAt,
  LastModifiedUser: 'arn:aws:iam::000000000000:root',
  KeyId: stored.type === 'SecureString' ? (stored.keyId ?? DEFAULT_KEY) : undefined,
  Description: stored.description,
  DataType: 'text',
  Tier: 'Standard',
  Labels: [],
})
