import { SNSClient } from '@aws-sdk/client-sns'
import { LIMITS, memoised } from '#aws/clients.ts'

const sns = memoised<SNSClient>('SNS')

export const snsClient = (limits = LIMITS): SNSClient =>
  sns(limits, ['idle', 'answer'], (common) => new SNSClient(common))
