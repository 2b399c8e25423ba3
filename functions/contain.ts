import { contain } from '#core/steps/contain.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(contain)
