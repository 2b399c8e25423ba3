import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { s3SweptObjects } from '#aws/objects-sweep.ts'
import type { SweptObjects } from '#core/ports.ts'
import { lockDirectory } from '#local/endpoints/directory-lock.ts'
import { platformServices } from '#local/endpoints/platforms.ts'
import { rdsService } from '#local/endpoints/rds.ts'
import { startEndpoints } from '#local/endpoints/server.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { awsAt, BUCKET, setEnvironment } from '#local/environment.ts'

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
    const folder = async (name: string) => {
      const path = join(directory, name)
      await mkdir(path, { recursive: true })
      return path
    }
    const clock = { now: () => new Date() }
    const services = [
      ssmService({ directory: await folder('ssm'), clock }),
      rdsService({ directory: await folder('rds') }),
      ...platformServices({ directory: await folder('platforms'), clock }).services,
    ]
    const endpoints = await startEndpoints({ directory: join(directory, 's3'), services })
    const undo = setEnvironment(awsAt(endpoints.url))
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
