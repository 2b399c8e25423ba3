import { choosePurge } from '#core/steps/choose-purge.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(choosePurge)
