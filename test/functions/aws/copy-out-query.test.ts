import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { CopyOutQuery } from '#aws/copy-out-query.ts'

const message = (code: string, payload: Uint8Array | string): Buffer => {
  const body = Buffer.from(payload)
  const head = Buffer.alloc(5)
  head.write(code)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const row = (number: number) => message('d', `row ${number},`.repeat(number % 4))
const ROWS = Array.from({ length: 50 }, (_, number) => row(number))
const ROW_BYTES = Buffer.concat(ROWS.map((framed) => framed.subarray(5))).toString()
const BEGIN = message('H', Buffer.from([1, 0, 0]))
const NOTICE = message('N', 'SNOTICE\0\0')
const END = Buffer.concat([message('c', ''), message('C', 'COPY 50\0'), message('Z', 'I')])

/** What `pg` has of a connection: a socket that somebody listens to, and a way to send a statement. */
const connect = () => {
  const stream = new PassThrough()
  const given: Buffer[] = []
  stream.on('data', (chunk: Buffer) => given.push(chunk))
  const sent: string[] = []
  const connection = { stream, query: (text: string) => sent.push(text) } as unknown as Client['connection']
  return { stream, given, sent, connection }
}

const send = async (stream: PassThrough, bytes: Buffer, size: number) => {
  for (let at = 0; at < bytes.length; at += size) {
    stream.write(Buffer.from(bytes.subarray(at, at + size)))
    await new Promise(setImmediate)
  }
}

const drain = async (rows: CopyOutQuery): Promise<string> => {
  let text = ''
  for (let chunk = await rows.next(); chunk !== null; chunk = await rows.next()) text += Buffer.from(chunk).toString()
  return text
}

test.each([
  1, 2, 5, 7, 64, 100_000,
])('gives the rows without their frames, however the network cuts them: %d bytes', async (size) => {
  const { stream, given, sent, connection } = connect()
  const rows = new CopyOutQuery('copy t to stdout')
  rows.submit(connection)
  const text = drain(rows)
  await send(stream, Buffer.concat([BEGIN, ...ROWS.slice(0, 20), NOTICE, ...ROWS.slice(20), END]), size)
  rows.handleReadyForQuery()
  expect(await text).toBe(ROW_BYTES)
  expect(sent).toEqual(['copy t to stdout'])
  // What follows the rows is for pg, and so is all that comes later.
  expect(Buffer.concat(given).equals(END)).toBe(true)
  await send(stream, NOTICE, size)
  expect(Buffer.concat(given).equals(Buffer.concat([END, NOTICE]))).toBe(true)
})

test('leaves an error to pg, and gives the rows before it first', async () => {
  const { stream, given, connection } = connect()
  const rows = new CopyOutQuery('copy t to stdout')
  rows.submit(connection)
  const failure = message('E', 'SERROR\0C22012\0\0')
  await send(stream, Buffer.concat([BEGIN, row(1), failure]), 9)
  rows.handleError(new Error('division by zero'))
  expect(Buffer.from((await rows.next()) ?? []).toString()).toContain('row')
  await expect(drain(rows)).rejects.toThrow('division by zero')
  expect(Buffer.concat(given).equals(failure)).toBe(true)
})

test('stops reading while nobody takes the rows, and goes on when somebody does', async () => {
  const { stream, connection } = connect()
  const rows = new CopyOutQuery('copy t to stdout')
  rows.submit(connection)
  const paused = once(stream, 'pause')
  const sent = 25
  for (let time = 0; time < sent; time += 1) stream.write(message('d', Buffer.alloc(100_000, 'x')))
  await paused
  expect(stream.isPaused()).toBe(true)
  expect((await rows.next())?.length).toBe(2 ** 20)
  expect((await rows.next())?.length).toBe(2 ** 20)
  expect(stream.isPaused()).toBe(false)
  await new Promise(setImmediate)
  rows.handleReadyForQuery()
  expect((await rows.next())?.length).toBe(sent * 100_000 - 2 * 2 ** 20)
  expect(await rows.next()).toBe(null)
})

test('leaves a chunk to its reader until the next one is asked for, and uses three buffers in all', async () => {
  const { stream, connection } = connect()
  const rows = new CopyOutQuery('copy t to stdout')
  rows.submit(connection)
  const buffers = new Set<ArrayBufferLike>()
  for (let batch = 0; batch < 6; batch += 1) {
    stream.write(message('d', Buffer.alloc(2 ** 20, batch)))
    const chunk = await rows.next()
    if (chunk === null) throw new Error('the rows ended')
    // What comes meanwhile lies elsewhere.
    stream.write(message('d', Buffer.alloc(2 ** 20, 'next')))
    await new Promise(setImmediate)
    expect(Buffer.from(chunk).equals(Buffer.alloc(2 ** 20, batch))).toBe(true)
    buffers.add(chunk.buffer)
    buffers.add((await rows.next())?.buffer ?? new ArrayBuffer())
  }
  expect(buffers.size).toBeLessThanOrEqual(3)
})

test('says that bytes came while its reader waits for a whole chunk', async () => {
  const { stream, connection } = connect()
  const rows = new CopyOutQuery('copy t to stdout')
  rows.submit(connection)
  let moved = 0
  const next = rows.next(() => {
    moved += 1
  })
  await send(stream, message('d', Buffer.alloc(1000, 'x')), 100)
  expect(moved).toBeGreaterThan(5)
  rows.handleReadyForQuery()
  expect((await next)?.length).toBe(1000)
})
