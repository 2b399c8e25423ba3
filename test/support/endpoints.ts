import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Endpoints, startEndpoints } from '#local/endpoints/server.ts'

/** Sets environment variables, or removes those that are undefined; gives what puts back what was there. */
export const setEnvironment = (values: Readonly<Record<string, string | undefined>>): (() => void) => {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]))
  put(values)
  return () => put(before)
}

const put = (values: Readonly<Record<string, string | undefined>>): void => {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

/** The SDK's environment: that URL for every service, and credentials that are nobody's. */
export const pointSdkAt = (url: string): (() => void) =>
  setEnvironment({
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_S3: undefined,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_MAX_ATTEMPTS: undefined,
  })

/** What the tests of one block have while they run. */
export interface TestEndpoints {
  readonly endpoints: Endpoints
  /** The directory that the endpoints keep their state in. */
  readonly directory: string
}

/** Endpoints for the tests of a block, and the SDK's environment pointing at them. Ask for them in a test or a hook. */
export const useEndpoints = (): (() => TestEndpoints) => {
  let current: TestEndpoints | undefined
  let restore = () => {}
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vector-rollback-endpoints-'))
    current = { endpoints: await startEndpoints({ directory }), directory }
    restore = pointSdkAt(current.endpoints.url)
  })
  afterAll(async () => {
    restore()
    await current?.endpoints.close()
    if (current) await rm(current.directory, { recursive: true })
  })
  return () => {
    if (!current) throw new Error('the endpoints are there in hooks and tests only')
    return current
  }
}

export const createBucket = async (url: string, name: string): Promise<void> => {
  const { status } = await fetch(new URL(`/${name}`, url), { method: 'PUT' })
  if (status !== 200) throw new Error(`bucket "${name}" was not created: HTTP ${status}`)
}
