import { needsHuman } from '#core/steps/needs-human.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(needsHuman)
