import { sweepAlarms } from '#core/decide/sweep-alarms.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('sweep-alarms', sweepAlarms, ['flags', 'executions', 'notifier', 'objects', 'alarms'])
