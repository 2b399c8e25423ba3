import { afterEach, expect, test } from 'vitest'
import { s3Client } from '#aws/s3-client.ts'
import { ssmClient } from '#aws/ssm-client.ts'
import { pointSdkAt, setEnvironment } from '#test/support/endpoints.ts'

const restores: (() => void)[] = []
afterEach(() => {
  for (const restore of restores.splice(0).toReversed()) restore()
})

test('there is one client per endpoint and region', () => {
  restores.push(pointSdkAt('http://127.0.0.1:1'))
  const first = ssmClient()
  expect(ssmClient()).toBe(first)
  restores.push(setEnvironment({ AWS_REGION: 'us-east-1' }))
  const elsewhere = ssmClient()
  expect(elsewhere).not.toBe(first)
  restores.push(setEnvironment({ AWS_ENDPOINT_URL: 'http://127.0.0.1:2' }))
  expect(ssmClient()).not.toBe(elsewhere)
  restores.push(pointSdkAt('http://127.0.0.1:1'))
  expect(ssmClient()).toBe(first)
})

test('the endpoint of one service goes before the one of all', async () => {
  restores.push(pointSdkAt('http://127.0.0.1:1'), setEnvironment({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2' }))
  const endpoint = await s3Client().config.endpoint?.()
  expect(endpoint?.port).toBe(2)
})
