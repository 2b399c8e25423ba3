import { setAside } from '#core/steps/set-aside.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(setAside)
