import { scale } from '#core/steps/scale.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(scale)
