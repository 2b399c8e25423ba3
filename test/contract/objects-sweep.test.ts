import { beforeAll, describe, expect, test } from 'vitest'
import { s3SweptObjects } from '#aws/objects-sweep.ts'
import { all } from '#test/contract/bodies.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const given = useEndpoints()
const objects = s3SweptObjects('rollback')
beforeAll(() => createBucket(given().endpoints.url, 'rollback'))

const keysUnder = async (prefix: string) => (await all(objects.list(prefix))).map(({ key }) => key)

/** What a process leaves that was killed while it uploaded. */
const begin = async (key: string): Promise<void> => {
  const path = key.split('/').map(encodeURIComponent).join('/')
  const { status } = await fetch(`${given().endpoints.url}/rollback/${path}?uploads`, { method: 'POST' })
  expect(status).toBe(200)
}

describe('an object', () => {
  test('is gone once it is deleted, and its neighbours are not', async () => {
    for (const key of ['d/a', 'd/a.json', 'd/ein Schlüssel & mehr']) await objects.write(key, 'x')
    await objects.delete('d/a')
    expect(await objects.head('d/a')).toBeNull()
    expect(await keysUnder('d/')).toEqual(['d/a.json', 'd/ein Schlüssel & mehr'])
    await objects.delete('d/ein Schlüssel & mehr')
    expect(await keysUnder('d/')).toEqual(['d/a.json'])
  })

  test('may be deleted twice', async () => {
    await objects.write('twice', 'x')
    await objects.delete('twice')
    await expect(objects.delete('twice')).resolves.toBeUndefined()
  })

  test('is listed with the time at which it was written', async () => {
    const before = Date.now()
    await objects.write('timed/x', 'x')
    const [found] = await all(objects.list('timed/'))
    // S3 counts in whole seconds.
    expect(found?.modified.getTime()).toBeGreaterThanOrEqual(before - 1_000)
    expect(found?.modified.getTime()).toBeLessThanOrEqual(Date.now() + 1_000)
  })

  test('in a bucket that there is not: refused by name', async () => {
    await expect(s3SweptObjects('no-such-bucket').delete('x')).rejects.toMatchObject({ name: 'Bucket.NoSuchBucket' })
  })
})

describe('an upload that was left unfinished', () => {
  test('is listed with its key and its time, and gone once it is aborted; no object is touched', async () => {
    await objects.write('u/kept', 'x')
    await begin('u/kept')
    await begin('u/ein Schlüssel')
    const found = await all(objects.uploads('u/'))
    expect(found.map(({ key }) => key)).toEqual(['u/ein Schlüssel', 'u/kept'])
    expect(Math.abs((found[0]?.startedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
    for (const upload of found) await objects.abort(upload)
    expect(await all(objects.uploads('u/'))).toEqual([])
    expect(await keysUnder('u/')).toEqual(['u/kept'])
    for (const upload of found) await expect(objects.abort(upload)).resolves.toBeUndefined()
  })

  test('is found beyond the first page, also when many are of one key', async () => {
    const keys = Array.from({ length: 1_003 }, (_, i) => (i < 5 ? 'pages/00' : `pages/${String(i).padStart(5, '0')}`))
    for (const key of keys) await begin(key)
    const found = await all(objects.uploads('pages/'))
    expect(found).toHaveLength(1_003)
    expect(new Set(found.map(({ id }) => id)).size).toBe(1_003)
    expect(await all(objects.uploads('elsewhere/'))).toEqual([])
  })

  test('the pages of the endpoint begin after a key, or after one upload of it', async () => {
    const read = async (query: string) => {
      const text = await (await fetch(`${given().endpoints.url}/rollback?uploads&prefix=p%2F&${query}`)).text()
      const of = (name: string) => [...text.matchAll(new RegExp(`<${name}>([^<]*)<`, 'g'))].map(([, value]) => value)
      return { keys: of('Key'), key: of('NextKeyMarker')[0], id: of('NextUploadIdMarker')[0] }
    }
    for (const key of ['p/a', 'p/a', 'p/b']) await begin(key)
    const first = await read('max-uploads=1')
    expect(first).toMatchObject({ keys: ['p/a'], key: 'p/a' })
    expect((await read(`max-uploads=2&key-marker=p%2Fa&upload-id-marker=${first.id}`)).keys).toEqual(['p/a', 'p/b'])
    expect((await read('key-marker=p%2Fa')).keys).toEqual(['p/b'])
  })
})
