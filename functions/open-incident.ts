import { openIncident } from '#core/steps/open-incident.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(openIncident)
