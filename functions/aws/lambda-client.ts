import { LambdaClient } from '@aws-sdk/client-lambda'
import { type Limits, memoised } from '#aws/clients.ts'

const client = memoised<LambdaClient>('LAMBDA')

export const lambdaClient = (limits: Limits): LambdaClient =>
  client(limits, ['idle', 'answer'], (common) => new LambdaClient(common))
