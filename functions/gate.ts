import { gate } from '#core/steps/gate.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(gate)
