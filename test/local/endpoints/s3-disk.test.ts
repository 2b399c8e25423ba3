import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { startEndpoints } from '#local/endpoints/server.ts'
import { scratch } from './host.ts'
import { type Send, sender, tag, tags, withBucket } from './s3-client.ts'

/** All files below a folder, relative to it. */
const files = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()

/** Endpoints on a directory that others had before. */
const reopen = async (directory: string): Promise<Send> => (await withBucket(directory)).send

const filled = async (work: (send: Send) => Promise<unknown>): Promise<string> => {
  const directory = await scratch()
  const endpoints = await startEndpoints({ directory })
  const send = sender(endpoints.url)
  await send('PUT', '/bucket')
  await work(send)
  await endpoints.close()
  return directory
}

const bucketIn = (directory: string): string => join(directory, 'buckets', 'bucket')

test('an object, its metadata and its checksum are the same after a restart, and so are conditions on it', async () => {
  const before: unknown[] = []
  const ask = async (send: Send) => {
    const { text, headers } = await send('GET', '/bucket/a%2F..%2Fb', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    const { date: _, ...rest } = headers
    return { text, headers: rest }
  }
  const directory = await filled(async (send) => {
    const headers = {
      'content-type': 'text/plain',
      'x-amz-meta-a': 'b',
      'x-amz-checksum-sha1': createHash('sha1').update('kept').digest('base64'),
    }
    const put = await send('PUT', '/bucket/a%2F..%2Fb', { body: 'kept', headers })
    expect(put.status).toBe(200)
    before.push(await ask(send))
  })
  const send = await reopen(directory)
  expect([await ask(send)]).toEqual(before)
  const put = await send('PUT', '/bucket/a%2F..%2Fb', { body: 'other', headers: { 'if-none-match': '*' } })
  expect(put.status).toBe(412)
})

test('an upload under way goes on after a restart', async () => {
  let id = ''
  const directory = await filled(async (send) => {
    id = tag((await send('POST', '/bucket/key?uploads')).text, 'UploadId') ?? ''
    await send('PUT', `/bucket/key?partNumber=1&uploadId=${id}`, { body: 'part' })
  })
  const send = await reopen(directory)
  const xml = `<Part><PartNumber>1</PartNumber><ETag>${createHash('md5').update('part').digest('hex')}</ETag></Part>`
  const done = await send('POST', `/bucket/key?uploadId=${id}`, { body: xml })
  expect(done.status).toBe(200)
  expect((await send('GET', '/bucket/key')).text).toBe('part')
})

test('what a cut-off write left is swept at the next start, and the whole objects stay', async () => {
  const directory = await filled(async (send) => {
    await send('PUT', '/bucket/whole', { body: 'whole' })
    await send('PUT', '/bucket/torn', { body: 'torn, and longer' })
    await send('POST', '/bucket/key?uploads')
  })
  const bucket = bucketIn(directory)
  for (const name of readdirSync(join(bucket, 'bytes'))) {
    const path = join(bucket, 'bytes', name)
    if (statSync(path).size > 'whole'.length) truncateSync(path, 4)
  }
  writeFileSync(join(bucket, 'bytes', 'orphan'), 'bytes that no object names')
  writeFileSync(join(bucket, 'objects', 'x.json.1.tmp'), '{"key":')
  const [upload = ''] = readdirSync(join(bucket, 'uploads'))
  writeFileSync(join(bucket, 'uploads', upload, 'orphan'), 'a part without its JSON')

  const send = await reopen(directory)
  expect(tags((await send('GET', '/bucket?list-type=2')).text, 'Key')).toEqual(['whole'])
  expect((await send('GET', '/bucket/whole')).text).toBe('whole')
  expect(files(bucket)).toEqual([
    expect.stringMatching(/^bytes\//),
    expect.stringMatching(/^objects\/[0-9a-f]{64}\.json$/),
    `uploads/${upload}/upload.json`,
  ])
})

test('overwriting, deleting, aborting and completing leave no file behind', async () => {
  const directory = await filled(async (send) => {
    await send('PUT', '/bucket/key', { body: 'one' })
    await send('PUT', '/bucket/key', { body: 'two' })
    await send('PUT', '/bucket/key', { body: 'refused', headers: { 'if-none-match': '*' } })
    await send('PUT', '/bucket/key', { body: 'damaged', headers: { 'content-md5': 'a'.repeat(24) } })
    const id = tag((await send('POST', '/bucket/key?uploads')).text, 'UploadId')
    const part = await send('PUT', `/bucket/key?partNumber=1&uploadId=${id}`, { body: 'three' })
    const xml = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part>`
    await send('POST', `/bucket/key?uploadId=${id}`, { body: xml })
    const aborted = tag((await send('POST', '/bucket/other?uploads')).text, 'UploadId')
    await send('PUT', `/bucket/other?partNumber=1&uploadId=${aborted}`, { body: 'gone' })
    await send('DELETE', `/bucket/other?uploadId=${aborted}`)
    await send('PUT', '/bucket/deleted', { body: 'gone' })
    await send('DELETE', '/bucket/deleted')
  })
  const bucket = bucketIn(directory)
  const left = files(bucket)
  expect(left).toEqual([expect.stringMatching(/^bytes\//), expect.stringMatching(/^objects\//)])
  expect(readFileSync(join(bucket, left[0] ?? ''), 'utf8')).toBe('three')
})

test('killed at any moment, it has every write that it acknowledged, whole', async () => {
  const directory = await scratch()
  const script = `
    import { startEndpoints } from '#local/endpoints/server.ts'
    const { url } = await startEndpoints({ directory: process.argv[1] })
    await fetch(url + '/bucket', { method: 'PUT' })
    for (let n = 0; ; n++) {
      await fetch(url + '/bucket/' + (n % 10), { method: 'PUT', body: String(n).repeat(1000) })
      console.log(n)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let last = -1
  for await (const line of createInterface(child.stdout)) {
    last = Math.max(last, Number(line))
    if (last === 40) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  const send = await reopen(directory)
  for (let key = 0; key < 10; key++) {
    const text = (await send('GET', `/bucket/${key}`)).text
    const number = Number(text.slice(0, text.length / 1000))
    expect(text).toBe(String(number).repeat(1000))
    // The write after the last acknowledged one may have been done, too.
    expect([last - ((last - key) % 10), last + 1]).toContain(number)
  }
})
