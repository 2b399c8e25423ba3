import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Endpoints, startEndpoints } from '#local/endpoints/server.ts'
import type { Service } from '#local/endpoints/service.ts'
import { pointSdkAt } from '#test/support/endpoints.ts'

/** Serves one service over HTTP, with the SDK's environment pointing there, until the test is over. */
export const host = async (service: Service): Promise<Endpoints> => {
  const endpoints = await startEndpoints({ services: [service] })
  const restore = pointSdkAt(endpoints.url)
  onTestFinished(async () => {
    restore()
    await endpoints.close()
  })
  return endpoints
}

/** A folder of the test's own. */
export const scratch = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-endpoints-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** The name of the error that the service gave. */
export const errorName = async (call: Promise<unknown>): Promise<string> => {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error('the call did not fail')
  return error.name
}
