import { runCommand } from '#core/steps/run-command.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(runCommand)
