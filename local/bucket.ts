import { join } from 'node:path'
import { s3SweptObjects } from '#aws/objects-sweep.ts'
import type { SweptObjects } from '#core/ports.ts'
import { lockDirectory } from '#local/endpoints/directory-lock.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { BUCKET, REGION, setEnvironment } from '#local/environment.ts'

/**
 * The bucket of a state directory, as a local run left it, without the rest of the stack. It is made where there is none.
 * Throws `State.InUse` while a run works with the directory.
 */
export const openLocalBucket = async (
  directory: string,
): Promise<{ readonly objects: SweptObjects; close(): Promise<void> }> => {
  const unlock = await lockDirectory(directory)
  try {
    const endpoints = await startEndpoints({ directory: join(directory, 's3') })
    const undo = setEnvironment({
      AWS_ENDPOINT_URL: endpoints.url,
      // It would win over the other.
      AWS_ENDPOINT_URL_S3: endpoints.url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    })
    await fetch(new URL(`/${BUCKET}`, endpoints.url), { method: 'PUT' })
    return {
      objects: s3SweptObjects(BUCKET),
      close: async () => {
        undo()
        await endpoints.close()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}
