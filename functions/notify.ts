import { notify } from '#core/steps/notify.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(notify)
