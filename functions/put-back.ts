import { putBack } from '#core/steps/put-back.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(putBack)
