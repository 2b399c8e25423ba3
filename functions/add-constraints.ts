import { addConstraints } from '#core/steps/add-constraints.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(addConstraints)
