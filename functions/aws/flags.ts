import { GetParameterCommand, type Parameter, ParameterNotFound, PutParameterCommand } from '@aws-sdk/client-ssm'
import type { Limits } from '#aws/clients.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import { ssmClient } from '#aws/ssm-client.ts'
import type { FlagPath } from '#core/names.ts'
import type { Flags } from '#core/ports.ts'

const get = async (path: FlagPath, limits?: Limits): Promise<Parameter | null> => {
  try {
    return (await ssmClient(limits).send(new GetParameterCommand({ Name: path }))).Parameter ?? null
  } catch (error) {
    if (error instanceof ParameterNotFound) return null
    const call = {
      doing: `Reading parameter "${path}"`,
      action: 'ssm:GetParameter',
      unreachable: 'Flag.Unreadable',
      denied: 'Flag.Denied',
      rejected: 'Flag.Unreadable',
    } as const
    throw fromSdk(error, call, 'Correct the name of the parameter in the plan.')
  }
}

/** Feature flags in SSM Parameter Store. Parameters are created as type String and keep the tier they have. */
export const ssmFlags = (limits?: Limits): Flags => ({
  async read(path) {
    const found = await get(path, limits)
    if (found?.Value === undefined || found.Version === undefined) return null
    return { value: found.Value, version: found.Version }
  },
  async write(path, value) {
    try {
      const put = new PutParameterCommand({ Name: path, Value: value, Type: 'String', Overwrite: true })
      const { Version } = await ssmClient(limits).send(put)
      return { version: Version ?? 0 }
    } catch (error) {
      const call = {
        doing: `Writing "${value}" to parameter "${path}"`,
        action: 'ssm:PutParameter',
        unreachable: 'Flag.NotWritten',
        denied: 'Flag.Denied',
        rejected: 'Flag.NotWritten',
      } as const
      const fix =
        'Correct the name or the value in the plan. Where the parameter is full of versions, move the label off its oldest one.'
      throw fromSdk(error, call, fix)
    }
  },
})

/** When the present value of a flag was written, for whoever has to tell what began after it. */
export const flagWrittenAt = async (path: FlagPath, limits?: Limits): Promise<Date | null> =>
  (await get(path, limits))?.LastModifiedDate ?? null
