import { randomBytes } from 'node:crypto'
import { s3Objects } from '#aws/objects.ts'
import type { Objects } from '#core/ports.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

/** One endpoint for the tests of a file. */
const endpoints = useEndpoints()

/** A new bucket, through the real SDK. */
export const newBucket = async (): Promise<Objects> => {
  const name = `test-${randomBytes(6).toString('hex')}`
  await createBucket(endpoints().endpoints.url, name)
  return s3Objects(name)
}
