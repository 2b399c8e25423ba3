import { randomBytes } from 'node:crypto'
import { s3Objects } from '#aws/objects.ts'
import type { Objects } from '#core/ports.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { setEnvironment } from '#local/environment.ts'

/** Runs `work` with a new bucket of the local S3, which is gone afterwards. */
export const withScratchBucket = async <T>(work: (objects: Objects) => Promise<T>): Promise<T> => {
  const endpoints = await startEndpoints()
  const restore = setEnvironment({
    AWS_ENDPOINT_URL: endpoints.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  })
  try {
    const name = `bench-${randomBytes(4).toString('hex')}`
    const { status } = await fetch(new URL(`/${name}`, endpoints.url), { method: 'PUT' })
    if (status !== 200) throw new Error(`bucket "${name}" was not created: HTTP ${status}`)
    return await work(s3Objects(name))
  } finally {
    restore()
    await endpoints.close()
  }
}
