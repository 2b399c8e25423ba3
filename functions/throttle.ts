import { throttle } from '#core/steps/throttle.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(throttle)
