import { onAlarm } from '#core/decide/on-alarm.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('on-alarm', onAlarm, ['flags', 'executions', 'notifier', 'objects'])
