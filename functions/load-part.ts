import { loadPart } from '#core/steps/load-part.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(loadPart)
