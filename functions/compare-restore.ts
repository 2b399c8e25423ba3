import { compareRestore } from '#core/steps/compare-restore.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(compareRestore)
