import {
  GetParameterCommand,
  GetParametersCommand,
  type Parameter,
  PutParameterCommand,
  paginateGetParameterHistory,
  paginateGetParametersByPath,
} from '@aws-sdk/client-ssm'
import { LIMITS, type Limits } from '#aws/clients.ts'
import { type CallErrors, fromSdk, nameOf } from '#aws/sdk-errors.ts'
import { ssmClient } from '#aws/ssm-client.ts'
import { RollbackError } from '#core/errors.ts'
import type { Parameters, SecretVersion, StoredParameter } from '#core/ports-config.ts'

/** Parameter Store takes few writes a second: some more tries than elsewhere, which the SDK spaces out. */
const PATIENT: Limits = { ...LIMITS, attempts: 6 }
const NAMES_AT_ONCE = 10
const VERSIONS_A_PAGE = 50
/** The key that a SecureString has when nobody names one. */
const DEFAULT_KEY = 'alias/aws/ssm'

const called = (doing: string, action: string, unreachable: CallErrors['unreachable']): CallErrors => ({
  doing,
  action,
  unreachable,
  denied: 'Parameter.Denied',
  rejected: unreachable,
})

const CORRECT = 'Correct the name of the parameter in the plan.'

const stored = ({ Name, Type, Version, LastModifiedDate, Value }: Parameter): StoredParameter[] =>
  Name === undefined || Type === undefined || Version === undefined || Value === undefined
    ? []
    : [
        {
          name: Name,
          type: Type,
          version: Version,
          modified: (LastModifiedDate ?? new Date(0)).toISOString(),
          // Not asked for in the clear, so it could only be its ciphertext.
          value: Type === 'SecureString' ? null : Value,
        },
      ]

/** What the service refuses it may quote. */
const masked = (error: unknown, secret: string): unknown => {
  if (!(error instanceof Error) || secret === '') return error
  error.message = error.message.replaceAll(secret, '…')
  error.stack = error.stack?.replaceAll(secret, '…') ?? ''
  return error
}

interface Version extends SecretVersion {
  readonly key: string | undefined
}

/** Configuration in SSM Parameter Store. What is in a SecureString is read and written in here, and leaves by no return and no error. */
export const ssmParameters = (limits = PATIENT): Parameters => {
  const client = () => ssmClient(limits)

  /** Versions without their values, oldest first. */
  const versions = async (name: string): Promise<Version[]> => {
    const found: Version[] = []
    try {
      const request = { Name: name, MaxResults: VERSIONS_A_PAGE }
      for await (const page of paginateGetParameterHistory({ client: client() }, request))
        for (const { Version, LastModifiedDate, KeyId } of page.Parameters ?? [])
          if (Version !== undefined)
            found.push({
              version: Version,
              modified: (LastModifiedDate ?? new Date(0)).toISOString(),
              key: KeyId === DEFAULT_KEY ? undefined : KeyId,
            })
    } catch (error) {
      if (nameOf(error) === 'ParameterNotFound') return []
      const call = called(`Reading the versions of "${name}"`, 'ssm:GetParameterHistory', 'Parameter.Unreadable')
      throw fromSdk(error, call, CORRECT)
    }
    return found.sort((a, b) => a.version - b.version)
  }
  const find = async (name: string, { version, modified }: SecretVersion) => {
    const all = await versions(name)
    return { earlier: all.find((one) => one.version === version && one.modified === modified), now: all.at(-1) }
  }
  const secret = async (name: string, { version }: SecretVersion): Promise<string> => {
    try {
      const get = new GetParameterCommand({ Name: `${name}:${version}`, WithDecryption: true })
      return (await client().send(get)).Parameter?.Value ?? ''
    } catch (error) {
      const call = called(
        `Reading version ${version} of secret "${name}"`,
        'ssm:GetParameter, and kms:Decrypt with the key of the secret,',
        'Parameter.Unreadable',
      )
      throw fromSdk(error, call, 'Its key may be gone: put this secret back by hand.')
    }
  }

  return {
    async read(names) {
      const found: StoredParameter[] = []
      for (let from = 0; from < names.length; from += NAMES_AT_ONCE) {
        const some = names.slice(from, from + NAMES_AT_ONCE)
        try {
          const { Parameters: read } = await client().send(new GetParametersCommand({ Names: [...some] }))
          found.push(...(read ?? []).flatMap(stored))
        } catch (error) {
          const doing = `Reading parameters "${some.join('", "')}"`
          throw fromSdk(error, called(doing, 'ssm:GetParameters', 'Parameter.Unreadable'), CORRECT)
        }
      }
      return found
    },
    async below(folder) {
      const found: StoredParameter[] = []
      try {
        const request = { Path: folder, Recursive: true, MaxResults: NAMES_AT_ONCE }
        for await (const page of paginateGetParametersByPath({ client: client() }, request))
          found.push(...(page.Parameters ?? []).flatMap(stored))
      } catch (error) {
        const doing = `Reading the parameters below "${folder}"`
        throw fromSdk(error, called(doing, 'ssm:GetParametersByPath', 'Parameter.Unreadable'), CORRECT)
      }
      return found
    },
    async write(name, value, type) {
      try {
        const put = new PutParameterCommand({ Name: name, Value: value, Type: type, Overwrite: true })
        return { version: (await client().send(put)).Version ?? 0 }
      } catch (error) {
        const call = called(`Writing parameter "${name}"`, 'ssm:PutParameter', 'Parameter.NotWritten')
        throw fromSdk(error, call, 'Where it is full of versions, move the label off its oldest one.')
      }
    },
    async compareSecret(name, asked) {
      const { earlier: then, now } = await find(name, asked)
      if (!then || !now) return 'gone'
      if (then.version === now.version) return 'same'
      return (await secret(name, then)) === (await secret(name, now)) ? 'same' : 'other'
    },
    async restoreSecret(name, asked) {
      const { earlier: then } = await find(name, asked)
      if (!then)
        throw new RollbackError('Parameter.NotWritten', `Secret "${name}" has no version ${asked.version} any more.`, {
          fix: 'Put this secret back by hand.',
          category: 'refused',
        })
      const Value = await secret(name, then)
      try {
        const put = new PutParameterCommand({
          Name: name,
          Value,
          Type: 'SecureString',
          Overwrite: true,
          ...(then.key === undefined ? {} : { KeyId: then.key }),
        })
        return { version: (await client().send(put)).Version ?? 0 }
      } catch (error) {
        const doing = `Writing version ${asked.version} of secret "${name}" once more`
        const action = 'ssm:PutParameter, and kms:Encrypt with the key of the secret,'
        const fix = 'Where it is full of versions, move the label off its oldest one.'
        throw fromSdk(masked(error, Value), called(doing, action, 'Parameter.NotWritten'), fix)
      }
    },
  }
}
