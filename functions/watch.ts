import { watch } from '#core/steps/watch.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(watch)
