import { webhook } from '#core/steps/webhook.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(webhook)
