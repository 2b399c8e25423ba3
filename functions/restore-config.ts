import { restoreConfig } from '#core/steps/restore-config.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(restoreConfig)
