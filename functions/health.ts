import { measureHealth } from '#core/health/measure.ts'
import { entry } from '#functions/lambda.ts'

export const handler = entry('health', measureHealth, ['objects'])
