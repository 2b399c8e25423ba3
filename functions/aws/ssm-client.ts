import { SSMClient } from '@aws-sdk/client-ssm'
import { LIMITS, memoised } from '#aws/clients.ts'

const ssm = memoised<SSMClient>('SSM')

export const ssmClient = (limits = LIMITS): SSMClient =>
  ssm(limits, ['idle', 'answer'], (common) => new SSMClient(common))
