import { setFlag } from '#core/steps/set-flag.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(setFlag)
