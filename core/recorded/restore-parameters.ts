import { RollbackError } from '#core/errors.ts'
import type { Parameters, StoredParameter } from '#core/ports-config.ts'
import type { RecordedParameter, RecordedParameters } from '#core/recorded/parameters.ts'

/** What puts one parameter back. A SecureString by its version: nobody reads its value. */
export type Return =
  | {
      readonly kind: 'value'
      readonly name: string
      readonly type: 'String' | 'StringList'
      readonly value: string
      readonly created: boolean
    }
  | { readonly kind: 'secret'; readonly name: string; readonly version: number; readonly modified: string }

/** How the parameters of a step differ from a record. */
export interface ParameterPlan {
  /** How many parameters the record has of what the step names. */
  readonly recorded: number
  readonly returns: readonly Return[]
  /** That there are now and were not then. They stay. */
  readonly since: readonly string[]
  readonly found: readonly StoredParameter[]
}

const refuse = (name: `${string}.${string}`, message: string): RollbackError =>
  new RollbackError(name, message, {
    fix: 'Nothing was changed. Put this one back by hand and leave it out of the plan, or choose another path.',
    category: 'refused',
  })

const returnOf = async (
  name: string,
  then: RecordedParameter,
  now: StoredParameter | undefined,
  parameters: Parameters,
): Promise<Return | null> => {
  if (now && now.type !== then.type)
    throw refuse(
      'Recorded.TypeChanged',
      `Parameter "${name}" was a ${then.type} when it was recorded and is a ${now.type} now.`,
    )
  if (then.type === 'SecureString') {
    const state = now ? await parameters.compareSecret(name, then) : 'gone'
    if (state === 'gone')
      throw refuse(
        'Recorded.SecretGone',
        `Version ${then.version} of the secret "${name}", of ${then.modified}, is no longer there.`,
      )
    return state === 'same' ? null : { kind: 'secret', name, version: then.version, modified: then.modified }
  }
  if (now?.value === then.value) return null
  return { kind: 'value', name, type: then.type, value: then.value, created: now === undefined }
}

/** Compares what is there with a record, and refuses what cannot be put back whole. Reads only. Throws `Recorded.*`. */
export const planReturn = async (
  asked: { readonly folder: string | null; readonly names: readonly string[] },
  record: RecordedParameters,
  { parameters, untouched }: { readonly parameters: Parameters; readonly untouched: readonly string[] },
): Promise<ParameterPlan> => {
  const { folder } = asked
  const ours = (name: string) =>
    !untouched.includes(name) && (folder === null ? asked.names.includes(name) : name.startsWith(folder))
  const stored = await (folder === null ? parameters.read(asked.names) : parameters.below(folder))
  const found = stored.filter(({ name }) => ours(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
  const then = Object.entries(record.found).filter(([name]) => ours(name))
  // One parameter could be in the folder and its value not be readable: nothing is begun that cannot be finished.
  const returns: Return[] = []
  for (const [name, parameter] of then) {
    const one = await returnOf(
      name,
      parameter,
      found.find((now) => now.name === name),
      parameters,
    )
    if (one) returns.push(one)
  }
  const known = new Set(then.map(([name]) => name))
  return {
    recorded: then.length,
    returns,
    since: found.flatMap(({ name }) => (known.has(name) ? [] : [name])),
    found,
  }
}

/** Puts one parameter back. */
export const putBack = async (one: Return, parameters: Parameters): Promise<void> => {
  if (one.kind === 'secret') await parameters.restoreSecret(one.name, one)
  else await parameters.write(one.name, one.value, one.type)
}

/** For people; never a value. */
export const printReturn = (one: Return): string =>
  one.kind === 'secret'
    ? `${one.name} (secret, as in version ${one.version})`
    : `${one.name}${one.created ? ' (was gone, made again)' : ''}`
