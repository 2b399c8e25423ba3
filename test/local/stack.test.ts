import { expect, test } from 'vitest'
import { cloudwatchAlarms } from '#aws/alarms.ts'
import { postgres } from '#aws/postgres.ts'
import type { FlagPath } from '#core/names.ts'
import { setEnvironment } from '#local/environment.ts'
import { startStack } from '#local/stack.ts'

/** Nobody listens on port 1 of loopback. */
const NOBODY = 'http://127.0.0.1:1'

test("talks to its own endpoints, whatever a person's environment says of single services", async () => {
  const services = ['S3', 'SSM', 'SNS', 'SFN', 'CLOUDWATCH'].map((service) => [`AWS_ENDPOINT_URL_${service}`, NOBODY])
  const restore = setEnvironment(Object.fromEntries(services))
  try {
    const embedded = postgres({ url: 'postgresql://nobody@127.0.0.1:1/nothing' })
    const stack = await startStack({ environment: 'test', database: { embedded } })
    try {
      await stack.objects.write('here.json', '{}')
      expect(await stack.objects.head('here.json')).toMatchObject({ bytes: 2 })
      expect(await cloudwatchAlarms().describe(['none'])).toEqual([])
      await stack.flags.write('/app/test/FLAG' as FlagPath, 'false')
      expect((await stack.flags.read('/app/test/FLAG' as FlagPath))?.value).toBe('false')
    } finally {
      await stack.close()
    }
    expect(process.env.AWS_ENDPOINT_URL_S3).toBe(NOBODY)
  } finally {
    restore()
  }
})
