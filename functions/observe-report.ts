import { observeReports } from '#core/observe/report.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('observe-report', observeReports, ['alarms', 'flagHistory', 'objects', 'notifier'])
