import { safePoint } from '#core/steps/safe-point.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(safePoint)
