import { verifyPart } from '#core/steps/verify-part.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(verifyPart)
