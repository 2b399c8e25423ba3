import { followDelivery } from '#core/steps/follow-delivery.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(followDelivery)
