import { swapIn } from '#core/steps/swap-in.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(swapIn)
