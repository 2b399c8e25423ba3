import { previousVersion } from '#core/steps/previous-version.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(previousVersion)
