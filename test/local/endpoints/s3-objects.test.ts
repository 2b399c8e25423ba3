import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Send, tag, withBucket } from './s3-client.ts'

const DIGITS = '0123456789'
const md5 = (text: string): string => `"${createHash('md5').update(text).digest('hex')}"`

const digits = async (): Promise<Send> => {
  const { send } = await withBucket()
  await send('PUT', '/bucket/digits', {
    body: DIGITS,
    headers: { 'content-type': 'text/plain', 'x-amz-meta-by': 'me' },
  })
  return send
}

describe('an object', () => {
  test('comes back with its bytes, its MD5 as ETag, its type and its metadata', async () => {
    const send = await digits()
    const got = await send('GET', '/bucket/digits?x-id=GetObject')
    expect(got.text).toBe(DIGITS)
    expect(got.headers).toMatchObject({
      etag: md5(DIGITS),
      'content-type': 'text/plain',
      'content-length': '10',
      'x-amz-meta-by': 'me',
      'accept-ranges': 'bytes',
    })
    const head = await send('HEAD', '/bucket/digits')
    expect([head.status, head.headers['content-length'], head.text]).toEqual([200, '10', ''])
  })

  test('may be empty', async () => {
    const { send } = await withBucket()
    await send('PUT', '/bucket/empty', { body: '' })
    const got = await send('GET', '/bucket/empty')
    expect([got.status, got.headers['content-length'], got.body.length]).toEqual([200, '0', 0])
  })

  test('is not there after it was deleted, and may be deleted twice', async () => {
    const send = await digits()
    expect((await send('DELETE', '/bucket/digits')).status).toBe(204)
    expect((await send('DELETE', '/bucket/digits')).status).toBe(204)
    const got = await send('GET', '/bucket/digits')
    expect([got.status, tag(got.text, 'Code')]).toEqual([404, 'NoSuchKey'])
    expect((await send('HEAD', '/bucket/digits')).status).toBe(404)
  })

  test.each([
    ['a key that climbs', '/bucket/../../../etc/passwd'],
    ['a key that ends in a slash', '/bucket/folder/'],
    ['a key of double slashes', '/bucket//a//b'],
    ['a key of a plus, a blank and a percent sign', '/bucket/a+b%20c%25d'],
    ['a key of Unicode', `/bucket/${encodeURIComponent('übersicht/日本/🙂')}`],
    ['the longest key', `/bucket/${'k'.repeat(1024)}`],
  ])('can have %s', async (_, path) => {
    const { send } = await withBucket()
    expect((await send('PUT', path, { body: 'mine' })).status).toBe(200)
    await send('PUT', `${path.slice(0, -1)}_`, { body: 'another' })
    expect((await send('GET', path)).text).toBe('mine')
  })

  test('cannot have a key of more than 1,024 bytes', async () => {
    const { send } = await withBucket()
    const put = await send('PUT', `/bucket/${'%C3%BC'.repeat(513)}`, { body: 'x' })
    expect([put.status, tag(put.text, 'Code')]).toEqual([400, 'KeyTooLongError'])
  })
})

describe('a range', () => {
  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
    ['bytes=-99', DIGITS, 'bytes 0-9/10'],
  ])('%s of ten digits is %s', async (range, text, contentRange) => {
    const got = await (await digits())('GET', '/bucket/digits', { headers: { range } })
    expect([got.status, got.text, got.headers['content-range']]).toEqual([206, text, contentRange])
    expect(got.headers['content-length']).toBe(String(text.length))
  })

  test.each(['bytes=10-', 'bytes=-0'])('%s has no byte and is refused', async (range) => {
    const got = await (await digits())('GET', '/bucket/digits', { headers: { range } })
    expect([got.status, tag(got.text, 'Code')]).toEqual([416, 'InvalidRange'])
  })

  test.each(['bytes=4-2', 'lines=1-2', 'bytes=0-1,3-4'])('%s is none, and gives the whole', async (range) => {
    const got = await (await digits())('GET', '/bucket/digits', { headers: { range } })
    expect([got.status, got.text]).toEqual([200, DIGITS])
  })
})

describe('a conditional write', () => {
  test('with If-None-Match: * is refused when there is an object, and leaves it', async () => {
    const send = await digits()
    const put = await send('PUT', '/bucket/digits', { body: 'other', headers: { 'if-none-match': '*' } })
    expect([put.status, tag(put.text, 'Code')]).toEqual([412, 'PreconditionFailed'])
    expect((await send('GET', '/bucket/digits')).text).toBe(DIGITS)
  })

  test('with If-Match replaces what has that ETag, with or without quotes, and nothing else', async () => {
    const send = await digits()
    const replace = (etag: string, body: string) =>
      send('PUT', '/bucket/digits', { body, headers: { 'if-match': etag } })
    expect((await replace(md5('other'), 'lost')).status).toBe(412)
    expect((await replace(md5(DIGITS), 'second')).status).toBe(200)
    expect((await replace(md5(DIGITS), 'lost')).status).toBe(412)
    expect((await replace(md5('second').replaceAll('"', ''), 'third')).status).toBe(200)
    expect((await send('GET', '/bucket/digits')).text).toBe('third')
  })

  test('with If-Match on a key that is not there is 404', async () => {
    const { send } = await withBucket()
    const put = await send('PUT', '/bucket/none', { body: 'x', headers: { 'if-match': md5('x') } })
    expect([put.status, tag(put.text, 'Code')]).toEqual([404, 'NoSuchKey'])
  })

  test.each(['if-none-match', 'if-match'])('of twenty at once with %s has exactly one winner', async (header) => {
    const send = await digits()
    const path = header === 'if-match' ? '/bucket/digits' : '/bucket/new'
    const headers = { [header]: header === 'if-match' ? md5(DIGITS) : '*' }
    const bodies = Array.from({ length: 20 }, (_, index) => `writer ${index}`)
    const statuses = await Promise.all(bodies.map(async (body) => (await send('PUT', path, { body, headers })).status))
    expect(statuses.toSorted()).toEqual([200, ...Array(19).fill(412)])
    expect((await send('GET', path)).text).toBe(bodies[statuses.indexOf(200)])
  })
})

describe('what is not served is refused', () => {
  test.each([
    ['another feature by query', 'PUT', '/bucket/digits?tagging', {}],
    ['an old version', 'GET', '/bucket/digits?versionId=1', {}],
    ['a copy', 'PUT', '/bucket/copy', { 'x-amz-copy-source': '/bucket/digits' }],
    ['the first version of listing', 'GET', '/bucket', {}],
    ['the list of buckets', 'GET', '/', {}],
  ])('%s', async (_, method, path, headers) => {
    const got = await (await digits())(method, path, { headers })
    expect([got.status, tag(got.text, 'Code')]).toEqual([501, 'NotImplemented'])
  })

  test.each(['PUT', 'GET', 'DELETE'])('%s in a bucket that does not exist', async (method) => {
    const got = await (await digits())(method, '/nowhere/key')
    expect([got.status, tag(got.text, 'Code')]).toEqual([404, 'NoSuchBucket'])
  })

  test('a bucket whose name is a path', async () => {
    const got = await (await digits())('PUT', '/..%2Fescape')
    expect([got.status, tag(got.text, 'Code')]).toEqual([400, 'InvalidBucketName'])
  })
})

test('a bucket may be created twice, and is found by HEAD', async () => {
  const send = await digits()
  expect((await send('PUT', '/bucket')).status).toBe(200)
  expect((await send('GET', '/bucket/digits')).text).toBe(DIGITS)
  expect((await send('HEAD', '/bucket')).status).toBe(200)
  expect((await send('HEAD', '/nowhere')).status).toBe(404)
})
