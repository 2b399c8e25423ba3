import { report } from '#core/steps/report.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(report)
