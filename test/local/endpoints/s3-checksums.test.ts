import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { tag, withBucket } from './s3-client.ts'

/** The check values that the catalogues of CRCs give for these nine bytes; the others by Node itself. */
const BYTES = '123456789'
const hash = (name: string) => createHash(name).update(BYTES).digest('base64')
const CHECKSUMS: [string, string][] = [
  ['crc32', Buffer.from('cbf43926', 'hex').toString('base64')],
  ['crc32c', Buffer.from('e3069283', 'hex').toString('base64')],
  ['crc64nvme', Buffer.from('ae8b14860a799888', 'hex').toString('base64')],
  ['sha1', hash('sha1')],
  ['sha256', hash('sha256')],
]

describe.each(CHECKSUMS)('%s', (algorithm, value) => {
  const header = `x-amz-checksum-${algorithm}`

  test('is verified, kept, and given back to those who ask for it', async () => {
    const { send } = await withBucket()
    const put = await send('PUT', '/bucket/key', { body: BYTES, headers: { [header]: value } })
    expect([put.status, put.headers[header]]).toEqual([200, value])
    const asked = await send('GET', '/bucket/key', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    expect(asked.headers).toMatchObject({ [header]: value, 'x-amz-checksum-type': 'FULL_OBJECT' })
    expect((await send('GET', '/bucket/key')).headers).not.toHaveProperty(header)
  })

  test('of other bytes is refused, and nothing is stored', async () => {
    const { send } = await withBucket()
    const put = await send('PUT', '/bucket/key', { body: '123456780', headers: { [header]: value } })
    expect([put.status, tag(put.text, 'Code')]).toEqual([400, 'BadDigest'])
    expect((await send('GET', '/bucket/key')).status).toBe(404)
  })

  test('is not given with a range, whose checksum it is not', async () => {
    const { send } = await withBucket()
    await send('PUT', '/bucket/key', { body: BYTES, headers: { [header]: value } })
    const headers = { 'x-amz-checksum-mode': 'ENABLED', range: 'bytes=0-3' }
    expect((await send('GET', '/bucket/key', { headers })).headers).not.toHaveProperty(header)
  })

  test('is verified when it comes as a trailer', async () => {
    const { send } = await withBucket()
    const put = (checksum: string) => {
      const body = `4\r\n1234\r\n5\r\n56789\r\n0\r\n${header}:${checksum}\r\n\r\n`
      return send('PUT', '/bucket/key', { body, headers: { ...UNSIGNED, 'x-amz-trailer': header } })
    }
    expect((await put(value)).status).toBe(200)
    expect((await send('GET', '/bucket/key')).text).toBe(BYTES)
    const wrong = Buffer.from(value, 'base64').map((byte) => byte ^ 1)
    const refused = await put(Buffer.from(wrong).toString('base64'))
    expect([refused.status, tag(refused.text, 'Code')]).toEqual([400, 'BadDigest'])
  })
})

const UNSIGNED = {
  'content-encoding': 'aws-chunked',
  'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'x-amz-decoded-content-length': '9',
}

describe('an aws-chunked body', () => {
  test('is stored without its framing, its signatures and its content encoding', async () => {
    const { send } = await withBucket()
    const signature = `;chunk-signature=${'a'.repeat(64)}`
    const body = `4${signature}\r\n12\r\n\r\n5${signature}\r\n56789\r\n0${signature}\r\n\r\n`
    const headers = { ...UNSIGNED, 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }
    expect((await send('PUT', '/bucket/key', { body, headers })).status).toBe(200)
    const got = await send('GET', '/bucket/key')
    expect([got.text, got.headers['content-encoding']]).toEqual(['12\r\n56789', undefined])
  })

  test('keeps the encoding of the object itself', async () => {
    const { send } = await withBucket()
    const headers = { ...UNSIGNED, 'content-encoding': 'aws-chunked,gzip' }
    await send('PUT', '/bucket/key', { body: '9\r\n123456789\r\n0\r\n\r\n', headers })
    expect((await send('HEAD', '/bucket/key')).headers['content-encoding']).toBe('gzip')
  })

  test('with a signed trailer is verified by its checksum', async () => {
    const { send } = await withBucket()
    const [[name, value] = []] = CHECKSUMS
    const trailer = `x-amz-checksum-${name}:${value}\r\nx-amz-trailer-signature:${'b'.repeat(64)}\r\n`
    const body = `9;chunk-signature=${'a'.repeat(64)}\r\n${BYTES}\r\n0;chunk-signature=${'a'.repeat(64)}\r\n${trailer}\r\n`
    const headers = {
      ...UNSIGNED,
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'x-amz-trailer': `x-amz-checksum-${name}`,
    }
    expect((await send('PUT', '/bucket/key', { body, headers })).status).toBe(200)
  })

  test('is decoded the same however it is cut into packets', async () => {
    const { endpoints, send } = await withBucket()
    const body = `4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32:${CHECKSUMS[0]?.[1]}\r\n\r\n`
    const head = [
      'PUT /bucket/bytewise HTTP/1.1',
      'host: local',
      `content-length: ${body.length}`,
      ...Object.entries({ ...UNSIGNED, 'x-amz-trailer': 'x-amz-checksum-crc32' }).map(([name, is]) => `${name}: ${is}`),
      'connection: close',
    ]
    const socket = connect(Number(new URL(endpoints.url).port), '127.0.0.1').setNoDelay()
    const answer = text(socket)
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    for (const byte of body) await new Promise((resolve) => socket.write(byte, resolve))
    expect(await answer).toMatch(/^HTTP\/1.1 200/)
    expect((await send('GET', '/bucket/bytewise')).text).toBe(BYTES)
  })

  test.each([
    ['ends within a chunk', '9\r\n1234', 'IncompleteBody'],
    ['ends before its last chunk', '9\r\n123456789\r\n', 'IncompleteBody'],
    ['has fewer bytes than announced', '4\r\n1234\r\n0\r\n\r\n', 'IncompleteBody'],
    ['has a chunk longer than its size', '4\r\n123456789\r\n0\r\n\r\n', 'InvalidRequest'],
    ['is not chunked', 'hello\r\n', 'InvalidRequest'],
  ])('that %s is refused, and nothing is stored', async (_, body, code) => {
    const { send } = await withBucket()
    const put = await send('PUT', '/bucket/key', { body, headers: UNSIGNED })
    expect([put.status, tag(put.text, 'Code')]).toEqual([400, code])
    expect((await send('GET', '/bucket/key')).status).toBe(404)
  })

  test('without the trailer that it announces is refused', async () => {
    const { send } = await withBucket()
    const headers = { ...UNSIGNED, 'x-amz-trailer': 'x-amz-checksum-crc32' }
    const put = await send('PUT', '/bucket/key', { body: '9\r\n123456789\r\n0\r\n\r\n', headers })
    expect([put.status, tag(put.text, 'Code')]).toEqual([400, 'InvalidRequest'])
  })
})

test.each([
  ['Content-MD5 of other bytes', { 'content-md5': createHash('md5').update('x').digest('base64') }, 'BadDigest'],
  ['a Content-MD5 that is none', { 'content-md5': 'eA==' }, 'InvalidDigest'],
  ['a SHA-256 of other bytes', { 'x-amz-content-sha256': '0'.repeat(64) }, 'XAmzContentSHA256Mismatch'],
  ['a checksum of the wrong length', { 'x-amz-checksum-crc32': 'eA==' }, 'InvalidRequest'],
  ['an algorithm nobody knows', { 'x-amz-trailer': 'x-amz-checksum-md4' }, 'InvalidRequest'],
])('%s is refused', async (_, headers, code) => {
  const { send } = await withBucket()
  const put = await send('PUT', '/bucket/key', { body: BYTES, headers })
  expect([put.status, tag(put.text, 'Code')]).toEqual([400, code])
})

test('a right Content-MD5 and SHA-256 are accepted', async () => {
  const { send } = await withBucket()
  const headers = {
    'content-md5': hash('md5'),
    'x-amz-content-sha256': createHash('sha256').update(BYTES).digest('hex'),
  }
  expect((await send('PUT', '/bucket/key', { body: BYTES, headers })).status).toBe(200)
})
