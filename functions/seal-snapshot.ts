import { sealSnapshot } from '#core/steps/seal-snapshot.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(sealSnapshot)
