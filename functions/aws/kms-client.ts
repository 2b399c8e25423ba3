import { KMSClient } from '@aws-sdk/client-kms'
import { LIMITS, memoised } from '#aws/clients.ts'

const kms = memoised<KMSClient>('KMS')

export const kmsClient = (limits = LIMITS): KMSClient =>
  kms(limits, ['idle', 'answer'], (common) => new KMSClient(common))
