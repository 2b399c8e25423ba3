import { proveDeliveryOutside } from '#core/steps/prove-delivery-outside.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(proveDeliveryOutside)
