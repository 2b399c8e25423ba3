import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { s3Objects } from '#aws/objects.ts'
import { setEnvironment } from '#local/environment.ts'

const PROGRAM = fileURLToPath(new URL('s3-server.ts', import.meta.url))

export interface S3Process {
  /** The environment by which the SDK finds it. */
  readonly environment: Readonly<Record<string, string>>
  createBucket(name: string): Promise<void>
  /** Deletes all objects: rounds of gigabytes would fill the place. */
  emptyBucket(name: string): Promise<void>
  close(): Promise<void>
}

/** The local S3 with its buckets in a directory. */
export const startS3 = async (directory: string): Promise<S3Process> => {
  // What the collector takes of the processor, S3 would not take.
  const child = fork(PROGRAM, [directory], {
    execArgv: ['--max-semi-space-size=1', '--heap-growing-percent=300'],
  })
  const exited = once(child, 'exit')
  const [url] = await Promise.race([
    once(child, 'message') as Promise<[string]>,
    exited.then(([code]) => {
      throw new Error(`the local S3 ended with ${code}`)
    }),
  ])
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  }
  return {
    environment,
    async emptyBucket(name) {
      const restore = setEnvironment(environment)
      try {
        for await (const { key } of s3Objects(name).list('')) {
          await fetch(new URL(`/${name}/${encodeURIComponent(key)}`, url), { method: 'DELETE' })
        }
      } finally {
        restore()
      }
    },
    async createBucket(name) {
      const { status } = await fetch(new URL(`/${name}`, url), { method: 'PUT' })
      if (status !== 200) throw new Error(`bucket "${name}" was not created: HTTP ${status}`)
    },
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
