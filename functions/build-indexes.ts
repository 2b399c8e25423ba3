import { buildIndexes } from '#core/steps/build-indexes.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(buildIndexes)
