import { askApproval } from '#core/steps/ask-approval.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(askApproval)
