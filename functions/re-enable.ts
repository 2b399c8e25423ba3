import { reEnable } from '#core/steps/re-enable.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(reEnable)
