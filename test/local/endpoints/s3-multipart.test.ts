import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Answer, type Send, tag, tags, withBucket } from './s3-client.ts'

const MIB = 1024 * 1024
const FIRST = Buffer.alloc(5 * MIB, 'first')
const SECOND = Buffer.from('the second part is short')
const WHOLE = Buffer.concat([FIRST, SECOND])

const crc = (bytes: Uint8Array): string => {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(bytes))
  return value.toString('base64')
}

const begin = async (send: Send, headers: Record<string, string> = {}): Promise<string> =>
  tag((await send('POST', '/bucket/key?uploads', { headers })).text, 'UploadId') ?? ''

const uploadPart = async (send: Send, id: string, number: number, body: Uint8Array): Promise<string> =>
  String((await send('PUT', `/bucket/key?partNumber=${number}&uploadId=${id}`, { body })).headers.etag)

const complete = (
  send: Send,
  id: string,
  parts: readonly (readonly [number, string])[],
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const xml = parts.map(
    ([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag></Part>`,
  )
  const body = `<CompleteMultipartUpload>${xml.join('')}</CompleteMultipartUpload>`
  return send('POST', `/bucket/key?uploadId=${id}`, { body, headers })
}

const twoParts = async (headers: Record<string, string> = {}) => {
  const { send } = await withBucket()
  const id = await begin(send, headers)
  const parts = [
    [1, await uploadPart(send, id, 1, FIRST)],
    [2, await uploadPart(send, id, 2, SECOND)],
  ] as const
  return { send, id, parts }
}

const underWay = async (send: Send) => tags((await send('GET', '/bucket?uploads')).text, 'UploadId')

describe('a completed upload', () => {
  test('is one object of its parts, with S3’s ETag of ETags', async () => {
    const { send, id, parts } = await twoParts({ 'content-type': 'application/x-rows' })
    const done = await complete(send, id, parts)
    const digests = [FIRST, SECOND].map((part) => createHash('md5').update(part).digest())
    const etag = `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-2"`
    expect([done.status, tag(done.text, 'ETag')]).toEqual([200, etag.replaceAll('"', '&quot;')])
    const got = await send('GET', '/bucket/key')
    expect(got.headers).toMatchObject({ etag, 'content-type': 'application/x-rows' })
    expect(got.body.equals(WHOLE)).toBe(true)
    expect(await underWay(send)).toEqual([])
  })

  test('gives ranges across its parts', async () => {
    const { send, id, parts } = await twoParts()
    await complete(send, id, parts)
    const range = `bytes=${FIRST.length - 3}-${FIRST.length + 2}`
    const got = await send('GET', '/bucket/key', { headers: { range } })
    expect(got.text).toBe(WHOLE.subarray(FIRST.length - 3, FIRST.length + 3).toString())
    const last = await send('GET', '/bucket/key', { headers: { range: 'bytes=-5' } })
    expect(last.text).toBe('short')
  })

  test('has the checksum of the whole, if asked for, as if it had come in one piece', async () => {
    const asked = { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' }
    const { send, id, parts } = await twoParts(asked)
    const done = await complete(send, id, parts)
    expect(tag(done.text, 'ChecksumCRC32')).toBe(crc(WHOLE))
    const head = await send('HEAD', '/bucket/key', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    expect(head.headers).toMatchObject({
      'x-amz-checksum-crc32': crc(WHOLE),
      'x-amz-checksum-type': 'FULL_OBJECT',
    })
  })

  test('has the checksum of the checksums otherwise', async () => {
    const { send, id, parts } = await twoParts({ 'x-amz-checksum-algorithm': 'CRC32' })
    const done = await complete(send, id, parts)
    const both = Buffer.concat([FIRST, SECOND].map((part) => Buffer.from(crc(part), 'base64')))
    expect(tag(done.text, 'ChecksumCRC32')).toBe(`${crc(both)}-2`)
    expect(tag(done.text, 'ChecksumType')).toBe('COMPOSITE')
  })

  test('has the later of two parts of one number', async () => {
    const { send } = await withBucket()
    const id = await begin(send)
    await uploadPart(send, id, 7, Buffer.from('first try'))
    const etag = await uploadPart(send, id, 7, Buffer.from('second try'))
    await complete(send, id, [[7, etag]])
    expect((await send('GET', '/bucket/key')).text).toBe('second try')
  })

  test('cannot be completed again, nor aborted', async () => {
    const { send, id, parts } = await twoParts()
    await complete(send, id, parts)
    expect(tag((await complete(send, id, parts)).text, 'Code')).toBe('NoSuchUpload')
    expect(tag((await send('DELETE', `/bucket/key?uploadId=${id}`)).text, 'Code')).toBe('NoSuchUpload')
    expect((await send('GET', '/bucket/key')).status).toBe(200)
  })
})

describe('completing is refused, and the upload stays', () => {
  test('with a part that is not the last and has less than 5 MiB', async () => {
    const { send } = await withBucket()
    const id = await begin(send)
    const small = await uploadPart(send, id, 1, FIRST.subarray(1))
    const last = await uploadPart(send, id, 2, SECOND)
    const done = await complete(send, id, [
      [1, small],
      [2, last],
    ])
    expect([done.status, tag(done.text, 'Code')]).toEqual([400, 'EntityTooSmall'])
    expect(await underWay(send)).toEqual([id])
  })

  test('with parts out of order, or twice', async () => {
    const { send, id, parts } = await twoParts()
    expect(tag((await complete(send, id, parts.toReversed())).text, 'Code')).toBe('InvalidPartOrder')
    expect(tag((await complete(send, id, [parts[0], parts[0]])).text, 'Code')).toBe('InvalidPartOrder')
  })

  test('with a part that was not uploaded, or has another ETag', async () => {
    const { send, id, parts } = await twoParts()
    expect(tag((await complete(send, id, [...parts, [3, parts[1][1]]])).text, 'Code')).toBe('InvalidPart')
    expect(tag((await complete(send, id, [[1, parts[1][1]]])).text, 'Code')).toBe('InvalidPart')
  })

  test('with the checksum of another object', async () => {
    const asked = { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' }
    const { send, id, parts } = await twoParts(asked)
    const done = await complete(send, id, parts, { 'x-amz-checksum-crc32': crc(FIRST) })
    expect(tag(done.text, 'Code')).toBe('BadDigest')
  })

  test('with If-None-Match: * when there is an object by now', async () => {
    const { send, id, parts } = await twoParts()
    await send('PUT', '/bucket/key', { body: 'was here first' })
    const done = await complete(send, id, parts, { 'if-none-match': '*' })
    expect([done.status, tag(done.text, 'Code')]).toEqual([412, 'PreconditionFailed'])
    expect((await send('GET', '/bucket/key')).text).toBe('was here first')
    expect(await underWay(send)).toEqual([id])
  })

  test('without parts', async () => {
    const { send, id } = await twoParts()
    expect(tag((await complete(send, id, [])).text, 'Code')).toBe('MalformedXML')
  })
})

describe('an upload under way', () => {
  test('is no object, and is listed with its key', async () => {
    const { send, id } = await twoParts()
    expect((await send('GET', '/bucket/key')).status).toBe(404)
    const listed = await send('GET', '/bucket?uploads&prefix=k')
    expect([tag(listed.text, 'Key'), tag(listed.text, 'UploadId')]).toEqual(['key', id])
    expect(tags((await send('GET', '/bucket?uploads&prefix=x')).text, 'Key')).toEqual([])
  })

  test('is gone when it is aborted: no part can be added', async () => {
    const { send, id, parts } = await twoParts()
    expect((await send('DELETE', `/bucket/key?uploadId=${id}`)).status).toBe(204)
    expect(await underWay(send)).toEqual([])
    const part = await send('PUT', `/bucket/key?partNumber=3&uploadId=${id}`, { body: 'late' })
    expect([part.status, tag(part.text, 'Code')]).toEqual([404, 'NoSuchUpload'])
    expect(tag((await complete(send, id, parts)).text, 'Code')).toBe('NoSuchUpload')
  })

  test('cannot be reached by another key', async () => {
    const { send, id } = await twoParts()
    const part = await send('PUT', `/bucket/other?partNumber=3&uploadId=${id}`, { body: 'x' })
    expect(tag(part.text, 'Code')).toBe('NoSuchUpload')
  })

  test.each(['0', '10001', 'x'])('takes no part number %s', async (number) => {
    const { send, id } = await twoParts()
    const part = await send('PUT', `/bucket/key?partNumber=${number}&uploadId=${id}`, { body: 'x' })
    expect([part.status, tag(part.text, 'Code')]).toEqual([400, 'InvalidArgument'])
  })
})

test.each([
  ['SHA256', 'FULL_OBJECT'],
  ['CRC64NVME', 'COMPOSITE'],
  ['MD4', 'COMPOSITE'],
])('an upload with a checksum of %s, %s, is refused', async (algorithm, type) => {
  const { send } = await withBucket()
  const headers = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type }
  const begun = await send('POST', '/bucket/key?uploads', { headers })
  expect([begun.status, tag(begun.text, 'Code')]).toEqual([400, 'InvalidRequest'])
})
