import { prepareRestore } from '#core/steps/prepare-restore.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(prepareRestore)
