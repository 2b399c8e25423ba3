import { rdsSnapshot } from '#core/steps/rds-snapshot.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(rdsSnapshot)
