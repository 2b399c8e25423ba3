import { proveDelivery } from '#core/steps/prove-delivery.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(proveDelivery)
