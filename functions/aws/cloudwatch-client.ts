import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { LIMITS, memoised } from '#aws/clients.ts'

const cloudwatch = memoised<CloudWatchClient>('CLOUDWATCH')

/** Apart from the other clients, so that what never asks CloudWatch does not load it: containment comes first. */
export const cloudwatchClient = (limits = LIMITS): CloudWatchClient =>
  cloudwatch(limits, ['idle', 'answer'], (common) => new CloudWatchClient(common))
