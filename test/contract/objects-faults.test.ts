import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '#aws/clients.ts'
import { s3Objects } from '#aws/objects.ts'
import type { Fault } from '#local/endpoints/faults.ts'
import { all, bytesOf, collect, fill, MiB } from '#test/contract/bodies.ts'
import { createBucket, pointSdkAt, useEndpoints } from '#test/support/endpoints.ts'
import { startProxy } from '#test/support/tcp-proxy.ts'

const given = useEndpoints()
const objects = s3Objects('rollback')
/** What takes seconds in production takes a moment here. */
const HASTY = { connectMilliseconds: 2_000, idleMilliseconds: 400, attempts: 1 }
const hasty = s3Objects('rollback', HASTY)
beforeAll(() => createBucket(given().endpoints.url, 'rollback'))

const removers: (() => void)[] = []
afterEach(() => {
  for (const remove of removers.splice(0)) remove()
})
const befall = (operation: string, fault: Fault, times?: number) => {
  const rule = { service: 's3' as const, operation, fault, ...(times === undefined ? {} : { times }) }
  removers.push(given().endpoints.faults.add(rule))
}
const text = (body: Uint8Array | undefined) => body && Buffer.from(body).toString('utf8')
/** Uploads that were begun and neither completed nor aborted, as XML. */
const openUploads = async () => (await fetch(`${given().endpoints.url}/rollback?uploads`)).text()

describe('a bucket that does not answer', () => {
  test.each([
    ['HeadObject', () => hasty.head('k')],
    ['GetObject', () => hasty.read('k')],
    ['GetObject', () => hasty.stream('k')],
    ['PutObject', () => hasty.write('k', 'x')],
    ['PutObject', () => hasty.upload('k', bytesOf('x'))],
    ['ListObjectsV2', () => all(hasty.list('k'))],
  ])('is unreachable after a while, not for ever: %s', async (operation, call) => {
    befall(operation, { blackHole: true })
    await expect(call()).rejects.toMatchObject({
      name: 'Bucket.Unreachable',
      category: 'unreachable',
      message: expect.stringMatching(/"k" (of|in|to) bucket "rollback"/),
    })
  })

  test('is asked three times, by the SDK', async () => {
    await objects.write('busy', 'x')
    befall('GetObject', { status: 500 }, 2)
    expect(text((await objects.read('busy'))?.body)).toBe('x')
    befall('GetObject', { status: 500 }, 3)
    await expect(objects.read('busy')).rejects.toMatchObject({
      name: 'Bucket.Unreachable',
      message: expect.stringContaining('after 3 attempts'),
    })
    expect(LIMITS.attempts).toBe(3)
  })

  test.each<[string, Fault]>([
    ['is down', { status: 500 }],
    ['is overloaded', { status: 503 }],
    ['resets the connection', { reset: true }],
  ])('is unreachable when it %s', async (_, fault) => {
    befall('PutObject', fault)
    await expect(hasty.write('k', 'x')).rejects.toMatchObject({ name: 'Bucket.Unreachable' })
  })

  test('is unreachable when nobody listens there', async () => {
    const proxy = await startProxy(given().endpoints.url)
    const restore = pointSdkAt(proxy.url)
    await proxy.close()
    try {
      await expect(hasty.head('k')).rejects.toMatchObject({ name: 'Bucket.Unreachable' })
    } finally {
      restore()
    }
  })
})

describe('a bucket that says no', () => {
  test('is an error of permissions, with the action that is missing', async () => {
    befall('PutObject', { status: 403 })
    await expect(objects.write('k', 'x', { ifAbsent: true })).rejects.toMatchObject({
      name: 'Bucket.Denied',
      category: 'refused',
      fix: expect.stringContaining('s3:PutObject'),
    })
  })

  test('is an error of the name when there is no such bucket', async () => {
    const nowhere = s3Objects('no-such-bucket')
    for (const call of [nowhere.read('k'), nowhere.write('k', 'x', { ifMatch: '"e"' }), nowhere.stream('k')]) {
      await expect(call).rejects.toMatchObject({ name: 'Bucket.NoSuchBucket' })
    }
  })
})

describe('a conditional write', () => {
  test('does not hold when another one of the same key is under way (409)', async () => {
    befall('PutObject', { status: 409 })
    expect(await objects.write('conflict', 'x', { ifAbsent: true })).toBeNull()
  })

  test.each([
    { ifAbsent: true as const },
    'ifMatch',
  ])('knows its own first attempt, whose answer was lost: %o', async (kind) => {
    const key = `lost/${String(kind)}`
    const before = kind === 'ifMatch' ? await objects.write(key, 'before') : null
    befall('PutObject', { loseAnswer: true }, 1)
    const written = await objects.write(key, 'mine', before ? { ifMatch: before.etag } : { ifAbsent: true })
    expect(written).toEqual({ etag: (await objects.head(key))?.etag })
    expect(text((await objects.read(key))?.body)).toBe('mine')
  })

  test("does not take another writer's object for its own after a repeated attempt", async () => {
    await objects.write('theirs', 'theirs')
    befall('PutObject', { status: 503 }, 1)
    expect(await objects.write('theirs', 'mine', { ifAbsent: true })).toBeNull()
  })
})

describe('a download', () => {
  test.each([
    ['small', 40_000],
    ['in parts', 7 * MiB],
  ])('that breaks off is an error, not a short object: %s', async (name, bytes) => {
    await objects.upload(`cut/${name}`, fill(bytes))
    befall('GetObject', { truncate: bytes - 10_000 })
    await expect(collect(await objects.stream(`cut/${name}`))).rejects.toMatchObject({ name: 'Bucket.Unreachable' })
    await expect(objects.read(`cut/${name}`)).rejects.toMatchObject({ name: 'Bucket.Unreachable' })
  })

  test('on which no byte comes any more ends with an error', async () => {
    await objects.upload('stalls', fill(40 * MiB))
    const proxy = await startProxy(given().endpoints.url)
    const restore = pointSdkAt(proxy.url)
    try {
      const body = (await hasty.stream('stalls'))[Symbol.asyncIterator]()
      await body.next()
      proxy.freeze()
      const drained = async () => {
        for (let next = await body.next(); !next.done; ) next = await body.next()
      }
      await expect(drained()).rejects.toMatchObject({
        name: 'Bucket.Unreachable',
        message: expect.stringContaining('no byte came for 400 ms'),
      })
    } finally {
      restore()
      await proxy.close()
    }
  })

  test('whose reader is slow goes on', async () => {
    await objects.upload('slow', fill(20 * MiB))
    const body = (await hasty.stream('slow'))[Symbol.asyncIterator]()
    let read = (await body.next()).value?.length ?? 0
    // As long as the same limits need to give up on somebody else.
    befall('HeadObject', { blackHole: true })
    await expect(hasty.head('k')).rejects.toMatchObject({ name: 'Bucket.Unreachable' })
    for (let next = await body.next(); !next.done; next = await body.next()) read += next.value.length
    expect(read).toBe(20 * MiB)
  })

  test('ends when its reader is told to stop', async () => {
    await objects.upload('stopped', fill(20 * MiB))
    const controller = new AbortController()
    const body = await objects.stream('stopped', controller.signal)
    const reading = async () => {
      for await (const _ of body) controller.abort('the function is about to time out')
    }
    await expect(reading()).rejects.toMatchObject({ name: 'Bucket.Aborted' })
    await expect(objects.stream('stopped', controller.signal)).rejects.toMatchObject({ name: 'Bucket.Aborted' })
  })

  test('that is given up leaves its connection to others', async () => {
    await objects.upload('given-up', fill(MiB))
    // More than the client has connections.
    for (let time = 0; time < 60; time++) {
      for await (const _ of await objects.stream('given-up')) break
    }
    expect((await collect(await objects.stream('given-up'))).length).toBe(MiB)
  })

  test.each([
    ['small', 50_000],
    ['in parts', 6 * MiB],
  ])('of an object that was damaged in the bucket is refused: %s', async (name, bytes) => {
    const marker = `marker of ${name}`
    await objects.upload(`damaged/${name}`, concat(fill(bytes), bytesOf(marker)))
    await damage(marker)
    await expect(collect(await objects.stream(`damaged/${name}`))).rejects.toMatchObject({
      name: 'Bucket.ChecksumMismatch',
    })
    await expect(objects.read(`damaged/${name}`)).rejects.toMatchObject({ name: 'Bucket.ChecksumMismatch' })
  })
})

describe('an upload', () => {
  test('whose source fails leaves nothing, and fails with the error of the source', async () => {
    const failure = new Error('the COPY broke off')
    const broken = async function* () {
      yield* fill(12 * MiB)
      throw failure
    }
    await expect(objects.upload('broken', broken())).rejects.toBe(failure)
    expect(await objects.head('broken')).toBeNull()
    expect(await openUploads()).not.toContain('<Upload>')
  })

  test('that fails leaves the object that was there', async () => {
    await objects.upload('kept', bytesOf('old'))
    befall('UploadPart', { status: 400, code: 'InvalidPart' })
    await expect(objects.upload('kept', fill(12 * MiB))).rejects.toMatchObject({ name: 'Bucket.Rejected' })
    expect(text((await objects.read('kept'))?.body)).toBe('old')
    expect(await openUploads()).not.toContain('<Upload>')
  })

  test('that is told to stop leaves nothing, though its source never answers', async () => {
    const controller = new AbortController()
    const silent = Promise.withResolvers<never>()
    const source = async function* () {
      yield* fill(12 * MiB)
      controller.abort('the function is about to time out')
      await silent.promise
    }
    const uploading = objects.upload('stopped-upload', source(), controller.signal)
    await expect(uploading).rejects.toMatchObject({
      name: 'Bucket.Aborted',
      category: 'unreachable',
      message: expect.stringContaining('the function is about to time out'),
    })
    expect(await objects.head('stopped-upload')).toBeNull()
    expect(await openUploads()).not.toContain('<Upload>')
    const late = objects.upload('stopped-upload', fill(1), controller.signal)
    await expect(late).rejects.toMatchObject({ name: 'Bucket.Aborted' })
  })

  test('that falls into a black hole reads no more of its source than it sends, and ends', async () => {
    befall('UploadPart', { blackHole: true })
    let read = 0
    const source = async function* () {
      for await (const chunk of fill(400 * MiB)) {
        read += chunk.length
        yield chunk
      }
    }
    await expect(hasty.upload('black-hole', source())).rejects.toMatchObject({ name: 'Bucket.Unreachable' })
    expect(read).toBeLessThan(30 * MiB)
    expect(await objects.head('black-hole')).toBeNull()
  })

  test('whose end is not answered is unreachable: its outcome is unknown', async () => {
    befall('CompleteMultipartUpload', { loseAnswer: true }, 1)
    await expect(objects.upload('unknown', fill(6 * MiB))).rejects.toMatchObject({ name: 'Bucket.Unreachable' })
  })
})

async function* concat(...bodies: AsyncIterable<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  for (const body of bodies) yield* body
}

/** Changes one byte in the file that has the marker. */
async function damage(marker: string) {
  for (const entry of await readdir(given().directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    const at = bytes.indexOf(marker)
    if (at < 0) continue
    bytes[at] = 'M'.charCodeAt(0)
    return writeFile(path, bytes)
  }
  throw new Error(`no file has "${marker}"`)
}
