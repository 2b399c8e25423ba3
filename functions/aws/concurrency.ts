import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { LIMITS, type Limits } from '#aws/clients.ts'
import { lambdaClient } from '#aws/lambda-client.ts'
import { fromSdk, nameOf } from '#aws/sdk-errors.ts'
import type { Concurrency } from '#core/ports-account.ts'

const NAMES = {
  unreachable: 'Concurrency.Unreadable',
  denied: 'Concurrency.Unreadable',
  rejected: 'Concurrency.Unreadable',
} as const

/** Of the account and region that the SDK finds credentials for. */
export const lambdaConcurrency = (limits: Limits = LIMITS): Concurrency => {
  const asked = async <T>(doing: string, action: string, call: (lambda: LambdaClient) => Promise<T>): Promise<T> => {
    try {
      return await call(lambdaClient(limits))
    } catch (error) {
      throw fromSdk(error, { ...NAMES, doing, action }, 'Look at the message; nothing was changed.')
    }
  }
  return {
    account: () =>
      asked("Reading the account's concurrency", 'lambda:GetAccountSettings', async (lambda) => {
        const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand())
        const { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved } = AccountLimit ?? {}
        if (limit === undefined || unreserved === undefined) throw new TypeError('the answer has no limit')
        return { limit, unreserved }
      }),
    reserved: (name) =>
      asked(`Reading what "${name}" reserves`, 'lambda:GetFunctionConcurrency', (lambda) =>
        lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: name })).then(
          ({ ReservedConcurrentExecutions: reserved = 0 }) => reserved,
          (error: unknown) => {
            if (nameOf(error) === 'ResourceNotFoundException') return 0
            throw error
          },
        ),
      ),
  }
}
