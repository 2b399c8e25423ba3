import { verifyOutside } from '#core/steps/verify-outside.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(verifyOutside)
