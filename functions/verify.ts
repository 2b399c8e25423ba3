import { verify } from '#core/steps/verify.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(verify)
