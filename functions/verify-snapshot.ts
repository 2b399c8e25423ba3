import { verifySnapshot } from '#core/steps/verify-snapshot.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(verifySnapshot)
