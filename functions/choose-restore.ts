import { chooseRestore } from '#core/steps/choose-restore.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(chooseRestore)
