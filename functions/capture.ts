import { capture } from '#core/steps/capture.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(capture)
