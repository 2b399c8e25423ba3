import { migrate } from '#core/steps/migrate.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(migrate)
