import { probe } from '#core/probe/probe.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('probe', probe, ['database'])
