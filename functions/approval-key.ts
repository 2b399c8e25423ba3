import { handOverKey } from '#aws/deployed-key.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('approval-key', handOverKey, ['signer'])
