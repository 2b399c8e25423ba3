import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { pointSdkAt } from '#test/support/endpoints.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A server that answers everything as S3 answers a PutObject, and keeps the headers. */
const listen = async (): Promise<IncomingHttpHeaders[]> => {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    request.resume().on('end', () => response.writeHead(200, { etag: '"tag"' }).end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const restore = pointSdkAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  closers.push(
    restore,
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return seen
}

test('an upload is not hashed for its signature, which covers its checksum instead', async () => {
  const seen = await listen()
  await s3Objects('bucket').upload(
    'key',
    (async function* () {
      yield Buffer.from('123456789')
    })(),
  )
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatchObject({
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    // The check value of CRC-32.
    'x-amz-checksum-crc32': Buffer.from('cbf43926', 'hex').toString('base64'),
    authorization: expect.stringMatching(/SignedHeaders=[^,]*x-amz-checksum-crc32[^,]*x-amz-content-sha256/),
  })
})

test('the body of a small write is part of its signature', async () => {
  const seen = await listen()
  await s3Objects('bucket').write('key', '123456789')
  expect(seen[0]?.['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/)
})
