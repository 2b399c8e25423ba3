import { restart } from '#core/steps/restart.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(restart)
