import { preserveEvidence } from '#core/steps/preserve-evidence.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(preserveEvidence)
