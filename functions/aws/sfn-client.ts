import { SFNClient } from '@aws-sdk/client-sfn'
import { LIMITS, memoised } from '#aws/clients.ts'

const sfn = memoised<SFNClient>('SFN')

export const sfnClient = (limits = LIMITS): SFNClient =>
  sfn(limits, ['idle', 'answer'], (common) => new SFNClient(common))
