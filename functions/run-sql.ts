import { runSql } from '#core/steps/run-sql.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(runSql)
