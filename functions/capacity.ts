import { capacity } from '#core/steps/capacity.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(capacity)
