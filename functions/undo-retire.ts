import { undoRetire } from '#core/steps/undo-retire.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(undoRetire)
