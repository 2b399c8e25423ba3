import { purge } from '#core/steps/purge.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(purge)
