import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEndpoints } from '#local/endpoints/server.ts'
import { ssmService } from '#local/endpoints/ssm.ts'
import { scratch } from './host.ts'
import { sender, tag, withBucket } from './s3-client.ts'

const BODY = 'x'.repeat(200_000)

const withObject = async () => {
  const { endpoints, send } = await withBucket()
  await send('PUT', '/bucket/key', { body: BODY })
  return { faults: endpoints.faults, send, endpoints }
}

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (error: NodeJS.ErrnoException) => error.code,
  )

describe('a fault', () => {
  test.each([
    [503, 'SlowDown'],
    [500, 'InternalError'],
    [403, 'AccessDenied'],
    [409, 'ConditionalRequestConflict'],
  ])('of status %i is an answer in S3’s words, and the call is not carried out', async (status, code) => {
    const { faults, send } = await withObject()
    const remove = faults.add({ service: 's3', operation: 'PutObject', fault: { status } })
    const put = await send('PUT', '/bucket/key', { body: 'other' })
    expect([put.status, tag(put.text, 'Code')]).toEqual([status, code])
    remove()
    expect((await send('GET', '/bucket/key')).text).toBe(BODY)
  })

  test.each([0, 1_000, 150_000])('truncates a body after %i bytes, though its length was promised', async (bytes) => {
    const { endpoints, faults } = await withObject()
    faults.add({ service: 's3', operation: 'GetObject', fault: { truncate: bytes } })
    const response = await fetch(`${endpoints.url}/bucket/key`)
    expect(response.headers.get('content-length')).toBe(String(BODY.length))
    let got = 0
    const read = (async () => {
      for await (const chunk of response.body ?? []) got += chunk.length
    })()
    await expect(read).rejects.toThrow()
    expect(got).toBe(bytes)
  })

  test('resets the connection before the call is carried out', async () => {
    const { faults, send } = await withObject()
    faults.add({ service: 's3', key: 'key', times: 1, fault: { reset: true } })
    expect(await codeOf(send('DELETE', '/bucket/key'))).toBe('ECONNRESET')
    expect((await send('GET', '/bucket/key')).status).toBe(200)
  })

  test('loses the answer of a call that was carried out', async () => {
    const { faults, send } = await withObject()
    faults.add({ service: 's3', key: 'key', times: 1, fault: { loseAnswer: true } })
    expect(await codeOf(send('DELETE', '/bucket/key'))).toBe('ECONNRESET')
    expect((await send('GET', '/bucket/key')).status).toBe(404)
  })

  test('delays by the clock of the endpoints', async () => {
    const asked: number[] = []
    const clock = {
      now: () => new Date(0),
      sleep: async (milliseconds: number) => void asked.push(milliseconds),
    }
    const endpoints = await startEndpoints({ clock })
    onTestFinished(() => endpoints.close())
    endpoints.faults.add({ service: 's3', fault: { delay: 86_400_000 } })
    expect((await sender(endpoints.url)('PUT', '/bucket')).status).toBe(200)
    expect(asked).toEqual([86_400_000])
  })

  test('is a black hole that neither answers nor carries out, and ends with the endpoints', async () => {
    const { endpoints, faults, send } = await withObject()
    faults.add({ service: 's3', operation: 'DeleteObject', fault: { blackHole: true } })
    const swallowed = codeOf(send('DELETE', '/bucket/key'))
    // Sent after it, and answered before it.
    expect((await send('GET', '/bucket/key')).status).toBe(200)
    await endpoints.close()
    expect(await swallowed).toBe('ECONNRESET')
  })

  test('that holds a call up does not hold up the end of the endpoints', async () => {
    const { endpoints, faults, send } = await withObject()
    faults.add({ service: 's3', operation: 'DeleteObject', fault: { delay: 86_400_000 } })
    const delayed = codeOf(send('DELETE', '/bucket/key'))
    await send('GET', '/bucket/key')
    await endpoints.close()
    expect(await delayed).toBe('ECONNRESET')
  })

  test('befalls the other services by operation and key, in their own words', async () => {
    const directory = await scratch()
    const clock = { now: () => new Date() }
    const endpoints = await startEndpoints({ services: [ssmService({ directory, clock })] })
    onTestFinished(() => endpoints.close())
    const read = (Name: string) =>
      sender(endpoints.url)('POST', '/', {
        headers: { 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify({ Name }),
      })
    endpoints.faults.add({ service: 'ssm', operation: 'GetParameter', key: '/a', fault: { status: 400 } })
    expect(JSON.parse((await read('/a')).text)).toMatchObject({ __type: 'ThrottlingException' })
    expect(JSON.parse((await read('/b')).text)).toMatchObject({ __type: 'ParameterNotFound' })
    endpoints.faults.down('ssm')
    expect(await codeOf(read('/b'))).toBe('ECONNRESET')
    expect((await sender(endpoints.url)('PUT', '/bucket')).status).toBe(200)
  })
})

test('a refusal leaves the connection usable though the body was not wanted', async () => {
  const { endpoints } = await withObject()
  for (const expected of [404, 404, 404]) {
    const { status } = await fetch(`${endpoints.url}/nowhere/key`, { method: 'PUT', body: BODY })
    expect(status).toBe(expected)
  }
})

test('nothing but the loopback interface is listened on', async () => {
  const { endpoints } = await withBucket()
  const { hostname, port } = new URL(endpoints.url)
  expect(hostname).toBe('127.0.0.1')
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((address) => address?.family === 'IPv4' && !address.internal)
  for (const address of others) {
    expect(await codeOf(sender(`http://${address?.address}:${port}`)('HEAD', '/bucket'))).toBe('ECONNREFUSED')
  }
})

test('a temporary directory goes with the endpoints, a given one stays', async () => {
  const temporary = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('vector-rollback-aws-'))
  const before = await temporary()
  const endpoints = await startEndpoints()
  const [made] = (await temporary()).filter((name) => !before.includes(name))
  expect(made).toBeDefined()
  await endpoints.close()
  expect(await temporary()).not.toContain(made)

  const directory = await scratch()
  await (await startEndpoints({ directory })).close()
  expect(existsSync(directory)).toBe(true)
})

test('two cannot have one directory', async () => {
  const directory = await scratch()
  await withBucket(directory)
  await expect(startEndpoints({ directory })).rejects.toMatchObject({ name: 'State.InUse', category: 'busy' })
})
