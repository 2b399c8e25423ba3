import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { s3SweptObjects } from '#aws/objects-sweep.ts'
import type { SweptObjects } from '#core/ports.ts'
import { lockDirectory } from '#local/endpoints/directory-lock.ts'
import { rdsService } from '#local/endpoints/rds.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { BUCKET, REGION, setEnvironment } from '#local/environment.ts'

/**
 * The bucket of a state directory, and what a record is read from, as a local run left them, without the rest of the stack. It
 * is made where there is none.
 * Throws `State.InUse` while a run works with the directory.
 */
export const openLocalBucket = async (
  directory: string,
): Promise<{ readonly objects: SweptObjects; close(): Promise<void> }> => {
  const unlock = await lockDirectory(directory)
  try {
    const ssm = join(directory, 'ssm')
    await mkdir(ssm, { recursive: true })
    const services = [
      ssmService({ directory: ssm, clock: { now: () => new Date() } }),
      rdsService({ directory: join(directory, 'rds') }),
    ]
    const endpoints = await startEndpoints({ directory: join(directory, 's3'), services })
    const undo = setEnvironment({
      AWS_ENDPOINT_URL: endpoints.url,
      // It would win over the other.
      AWS_ENDPOINT_URL_S3: endpoints.url,
      AWS_ENDPOINT_URL_SSM: endpoints.url,
      AWS_ENDPOINT_URL_RDS: endpoints.url,
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
