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
  for (let time = 0; time < 5; time += 1) stream.write(message('d', Buffer.alloc(100_000, 'x')))
  await paused
  expect(stream.isPaused()).toBe(true)
  for (let bytes = 0; bytes < 500_000; ) bytes += (await rows.next())?.length ?? Number.NaN
  expect(stream.isPaused()).toBe(false)
})
