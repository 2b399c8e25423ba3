import { snapshotPart } from '#core/steps/snapshot-part.ts'
import { lambda } from '#functions/lambda.ts'

export const handler = lambda(snapshotPart)
