import { ParameterNotFound, paginateGetParameterHistory } from '@aws-sdk/client-ssm'
import type { Limits } from '#aws/clients.ts'
import { fromSdk } from '#aws/sdk-errors.ts'
import { ssmClient } from '#aws/ssm-client.ts'
import type { FlagHistory, ParameterChange } from '#core/ports.ts'

/** Versions that one answer may have. */
const PAGE = 50

/** The versions that Parameter Store keeps of a flag. */
export const ssmFlagHistory = (limits?: Limits): FlagHistory => ({
  async changes(path) {
    const found: ParameterChange[] = []
    try {
      const request = { Name: path, MaxResults: PAGE }
      for await (const page of paginateGetParameterHistory({ client: ssmClient(limits) }, request))
        for (const { Value, LastModifiedDate, LastModifiedUser } of page.Parameters ?? [])
          if (Value !== undefined && LastModifiedDate)
            found.push({ at: LastModifiedDate.toISOString(), value: Value, by: LastModifiedUser ?? '' })
    } catch (error) {
      if (error instanceof ParameterNotFound) return []
      const call = {
        doing: `Reading the history of parameter "${path}"`,
        action: 'ssm:GetParameterHistory',
        unreachable: 'Flag.Unreadable',
        denied: 'Flag.Denied',
        rejected: 'Flag.Unreadable',
      } as const
      throw fromSdk(error, call, 'Correct the name of the parameter in the plan.')
    }
    return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
  },
})
