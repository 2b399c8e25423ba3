import { dropIndexes } from '#core/steps/drop-indexes.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(dropIndexes)
