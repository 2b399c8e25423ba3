import { takeAnswer } from '#core/approval/take-answer.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('answer', takeAnswer, ['objects', 'executions', 'signer'])
