import { remind } from '#core/notice/remind.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('remind', remind, ['objects', 'executions', 'notifier'])
