import { createHash, randomBytes } from 'node:crypto'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '#aws/clients.ts'
import { s3Objects } from '#aws/objects.ts'
import { s3Client } from '#aws/s3-client.ts'
import { all, bytesOf, collect, fill, MiB } from '#test/contract/bodies.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const given = useEndpoints()
const objects = s3Objects('rollback')
beforeAll(() => createBucket(given().endpoints.url, 'rollback'))

const text = (body: Uint8Array | undefined) => body && Buffer.from(body).toString('utf8')
const keysUnder = async (prefix: string) => (await all(objects.list(prefix))).map(({ key }) => key)

describe('an object', () => {
  test('is null, or refused as a stream, when it is not there', async () => {
    expect(await objects.head('absent')).toBeNull()
    expect(await objects.read('absent')).toBeNull()
    await expect(objects.stream('absent')).rejects.toMatchObject({
      name: 'Bucket.NoSuchKey',
      message: expect.stringContaining('"absent"'),
    })
  })

  test('is read back as it was written, by every way, with one etag', async () => {
    const written = await objects.write('incidents/1/report.json', '{"ü":1}\n')
    expect(written).toEqual({ etag: expect.stringMatching(/^"[0-9a-f]{32}"$/) })
    const found = await objects.read('incidents/1/report.json')
    expect(text(found?.body)).toBe('{"ü":1}\n')
    expect(found?.etag).toBe(written?.etag)
    expect(await objects.head('incidents/1/report.json')).toEqual({
      key: 'incidents/1/report.json',
      bytes: 9,
      etag: written?.etag,
    })
    expect(text(await collect(await objects.stream('incidents/1/report.json')))).toBe('{"ü":1}\n')
  })

  test('may be empty, and may be any bytes', async () => {
    const bytes = randomBytes(70_000)
    await objects.write('bytes/none', '')
    await objects.write('bytes/all', bytes)
    expect((await objects.read('bytes/none'))?.body).toHaveLength(0)
    expect(Buffer.compare(Buffer.from((await objects.read('bytes/all'))?.body ?? []), bytes)).toBe(0)
  })

  test('is replaced by an unconditional write', async () => {
    await objects.write('replaced', 'one')
    await objects.write('replaced', 'two')
    expect(text((await objects.read('replaced'))?.body)).toBe('two')
  })

  test('is in the bucket that the function names at the call', async () => {
    let name = 'elsewhere'
    const moving = s3Objects(() => name)
    await createBucket(given().endpoints.url, 'elsewhere')
    await moving.write('moved', 'x')
    expect(await moving.head('moved')).not.toBeNull()
    name = 'rollback'
    expect(await moving.head('moved')).toBeNull()
  })
})

describe('a key', () => {
  const KEYS = [
    'keys/ein Schlüssel mit Leerzeichen.json',
    'keys/日本語/🦄',
    'keys/a/../b',
    'keys/a/./b',
    'keys/..',
    'keys/%2e%2e%2f100%',
    'keys/a+b & "c" <d> \'e\'?f=#g',
    'keys//double',
    'keys/trailing/',
    'keys/ends in a blank ',
    'keys/Case',
    'keys/case',
    `keys/${'long'.repeat(250)}`,
  ]

  test.each(KEYS)('may be "%s"', async (key) => {
    await objects.write(key, key)
    expect(text((await objects.read(key))?.body)).toBe(key)
    expect(text(await collect(await objects.stream(key)))).toBe(key)
    expect(await keysUnder(key)).toContain(key)
  })

  test('is never taken for another one', async () => {
    await Promise.all(KEYS.map((key) => objects.write(key, key)))
    const found = await Promise.all(KEYS.map(async (key) => text((await objects.read(key))?.body)))
    expect(found).toEqual(KEYS)
    expect(new Set(await keysUnder('keys/'))).toEqual(new Set(KEYS))
  })
})

describe('a list', () => {
  test('has the keys with the prefix and no others, with sizes and etags', async () => {
    const one = await objects.write('list/a/1', 'x')
    await objects.write('list/a/2', 'xx')
    await objects.write('list/ab', 'xxx')
    const found = await all(objects.list('list/a/'))
    expect(found).toMatchObject([
      { key: 'list/a/1', bytes: 1, etag: one?.etag },
      { key: 'list/a/2', bytes: 2 },
    ])
    expect(await keysUnder('list/nothing')).toEqual([])
  })

  test('is in the order of the UTF-8 bytes', async () => {
    // In UTF-16, as JavaScript sorts, the last two would change places.
    const sorted = ['order/A', 'order/a', 'order/ä', 'order/～', 'order/🦄']
    await Promise.all(sorted.toReversed().map((key) => objects.write(key, '')))
    expect(await keysUnder('order/')).toEqual(sorted)
  })

  test('goes on past the first page', async () => {
    const keys = Array.from({ length: 1_001 }, (_, index) => `pages/${String(index).padStart(4, '0')}`)
    const queue = [...keys]
    const writer = async () => {
      for (let key = queue.pop(); key !== undefined; key = queue.pop()) await objects.write(key, '')
    }
    await Promise.all(Array.from({ length: 20 }, writer))
    expect(await keysUnder('pages/')).toEqual(keys)
  })
})

describe('a conditional write', () => {
  test('is won by exactly one of twenty writers who want the key first', async () => {
    const writers = Array.from({ length: 20 }, (_, index) => `writer ${index}`)
    const results = await Promise.all(writers.map((body) => objects.write('once', body, { ifAbsent: true })))
    const winners = writers.filter((_, index) => results[index] !== null)
    expect(winners).toHaveLength(1)
    expect(text((await objects.read('once'))?.body)).toBe(winners[0])
  })

  test('is won by exactly one of twenty writers who saw the same version', async () => {
    const first = await objects.write('lease', 'epoch 1')
    const condition = { ifMatch: first?.etag ?? '' }
    const writers = Array.from({ length: 20 }, (_, index) => `epoch 2 of ${index}`)
    const results = await Promise.all(writers.map((body) => objects.write('lease', body, condition)))
    const winners = writers.filter((_, index) => results[index] !== null)
    expect(winners).toHaveLength(1)
    expect(text((await objects.read('lease'))?.body)).toBe(winners[0])
  })

  test('goes on from the etag of the write before, which is of no use afterwards', async () => {
    const first = await objects.write('swapped', 'one', { ifAbsent: true })
    const second = await objects.write('swapped', 'two', { ifMatch: first?.etag ?? '' })
    expect(second?.etag).not.toBe(first?.etag)
    expect(await objects.write('swapped', 'three', { ifMatch: first?.etag ?? '' })).toBeNull()
    expect(await objects.write('swapped', 'three', { ifMatch: second?.etag ?? '' })).not.toBeNull()
  })

  test('does not hold for a version of a key that is gone', async () => {
    expect(await objects.write('gone', 'x', { ifMatch: '"0123456789abcdef0123456789abcdef"' })).toBeNull()
    expect(await objects.head('gone')).toBeNull()
  })
})

describe('an upload', () => {
  const sha256 = async (bytes: AsyncIterable<Uint8Array>) => {
    const hash = createHash('sha256')
    for await (const chunk of bytes) hash.update(chunk)
    return hash.digest('hex')
  }

  test('of 40 MiB comes back with the same bytes, in parts', async () => {
    const sent = await objects.upload('upload/large', fill(40 * MiB + 17))
    expect(sent).toEqual({ bytes: 40 * MiB + 17, etag: expect.stringMatching(/^"[0-9a-f]{32}-9"$/) })
    expect(await sha256(await objects.stream('upload/large'))).toBe(await sha256(fill(40 * MiB + 17)))
    expect(await objects.head('upload/large')).toMatchObject(sent)
  })

  test.each([0, 1, 5 * MiB, 5 * MiB + 1])('may have %i bytes', async (bytes) => {
    expect(await objects.upload('upload/sized', fill(bytes))).toMatchObject({ bytes })
    expect((await collect(await objects.stream('upload/sized'))).length).toBe(bytes)
  })

  test('overwrites, also under a reader, who goes on with what was there', async () => {
    await objects.upload('upload/again', fill(8 * MiB))
    const reader = (await objects.stream('upload/again'))[Symbol.asyncIterator]()
    let read = (await reader.next()).value?.length ?? 0
    await objects.upload('upload/again', bytesOf('new'))
    for (let next = await reader.next(); !next.done; next = await reader.next()) read += next.value.length
    expect(read).toBe(8 * MiB)
    expect(text((await objects.read('upload/again'))?.body)).toBe('new')
  })
})

describe('the key that an object is encrypted with', () => {
  const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/evidence'
  const keyed = s3Objects('rollback', LIMITS, (key) => (key.startsWith('evidence/') ? KEY : undefined))
  const keyOf = async (key: string) =>
    (await s3Client().send(new HeadObjectCommand({ Bucket: 'rollback', Key: key }))).SSEKMSKeyId

  test("is that of its prefix, however it is written, and the bucket's own for all others", async () => {
    await keyed.write('evidence/1/index.json', '[]', { ifAbsent: true })
    await keyed.upload('evidence/1/small', bytesOf('rows'))
    await keyed.upload('evidence/1/large', fill(6 * MiB))
    await keyed.write('incidents/1/incident.json', '{}')
    for (const name of ['index.json', 'small', 'large']) expect(await keyOf(`evidence/1/${name}`)).toBe(KEY)
    expect(await keyOf('incidents/1/incident.json')).toBeUndefined()
  })
})
