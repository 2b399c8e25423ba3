import { parameterGroup } from '#core/steps/parameter-group.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(parameterGroup)
