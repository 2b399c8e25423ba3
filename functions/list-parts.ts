import { listParts } from '#core/steps/list-parts.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(listParts)
