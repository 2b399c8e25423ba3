import { retire } from '#core/steps/retire.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(retire)
