import { drain } from '#core/steps/drain.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(drain)
