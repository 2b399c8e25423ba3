import { ApiError } from './json-protocol.ts'
import type { Route } from './rest-protocol.ts'

/** What the account may run at once, and what its functions keep of it, by name. */
export interface AccountConcurrency {
  readonly limit: number
  readonly reserved: Readonly<Record<string, number>>
}

/** GetAccountSettings and GetFunctionConcurrency, of an account that nobody changes here. */
export const concurrencyRoutes = (
  { limit, reserved }: AccountConcurrency,
  exists: (functionName: string) => boolean,
): Route[] => [
  {
    operation: 'GetAccountSettings',
    method: 'GET',
    path: /^\/2016-08-19\/account-settings\/?$/,
    run: () => {
      const kept = Object.values(reserved).reduce((sum, one) => sum + one, 0)
      return {
        body: {
          AccountLimit: { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: limit - kept },
          AccountUsage: { FunctionCount: Object.keys(reserved).length },
        },
      }
    },
  },
  {
    operation: 'GetFunctionConcurrency',
    method: 'GET',
    path: /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/,
    run: ({ names: [name = ''] }) => {
      const kept = reserved[name]
      if (kept === undefined && !exists(name))
        throw new ApiError('ResourceNotFoundException', `Function not found: ${name}`, 404)
      return { body: kept === undefined ? {} : { ReservedConcurrentExecutions: kept } }
    },
  },
]
