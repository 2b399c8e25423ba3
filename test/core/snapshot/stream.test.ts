import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { compressed, decompressed, gathered, type Measure, measured } from '#core/snapshot/stream.ts'

async function* chunks(...bodies: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* bodies
}

const collect = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}

test('gives back what went in, and measures it', async () => {
  const body = randomBytes(300_000)
  const seen: Measure[] = []
  const round = decompressed(
    compressed(measured(chunks(body.subarray(0, 7), body.subarray(7)), (measure) => seen.push(measure))),
  )
  expect((await collect(round)).equals(body)).toBe(true)
  expect(seen).toMatchObject([{ bytes: 300_000 }])
})

test('an empty body is a stream of its own', async () => {
  expect((await collect(decompressed(compressed(chunks())))).length).toBe(0)
})

test('an error of the source is the error that the consumer sees', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield randomBytes(10)
    throw new Error('the source broke')
  }
  await expect(collect(compressed(broken()))).rejects.toThrow('the source broke')
})

test('an error of the last check arrives before the stream ends', async () => {
  const body = measured(chunks(randomBytes(10)), () => {
    throw new Error('wrong digest')
  })
  await expect(collect(compressed(body))).rejects.toThrow('wrong digest')
})

test('a consumer that stops early ends the source before it goes on', async () => {
  let ended = false
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield randomBytes(100_000)
    } finally {
      ended = true
    }
  }
  for await (const _ of compressed(endless())) break
  expect(ended).toBe(true)
})

test('the source is not read ahead of a slow consumer', async () => {
  let produced = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      produced += 1
      yield randomBytes(64 * 1024)
    }
  }
  const stream = compressed(endless())
  await stream.next()
  const after = produced
  await new Promise((resolve) => setImmediate(resolve))
  expect(produced - after).toBeLessThan(8)
  await stream.return(undefined)
})

test.each([
  0,
  1,
  1_000,
  2 ** 20,
  2 ** 20 + 1,
  3 * 2 ** 20 + 7,
])('gathers small chunks into large ones, and loses no byte of %d', async (bytes) => {
  const body = randomBytes(bytes)
  const cuts = Array.from({ length: Math.ceil(bytes / 60_000) }, (_, at) =>
    body.subarray(at * 60_000, at * 60_000 + 60_000),
  )
  const sizes: number[] = []
  const found: Buffer[] = []
  for await (const chunk of gathered(chunks(...cuts))) {
    sizes.push(chunk.length)
    found.push(Buffer.from(chunk))
  }
  expect(Buffer.concat(found).equals(body)).toBe(true)
  expect(sizes).toEqual([...Array<number>(Math.floor(bytes / 2 ** 20)).fill(2 ** 20), bytes % 2 ** 20].filter(Boolean))
})

test('leaves a gathered chunk alone until the next one is asked for', async () => {
  async function* late(): AsyncGenerator<Uint8Array> {
    for (let number = 0; number < 5; number += 1) yield Buffer.alloc(2 ** 20 + 5, number)
  }
  const body = gathered(late())
  for (let number = 0; number < 5; number += 1) {
    const { value } = await body.next()
    expect(
      Buffer.from(value ?? [])
        .subarray(number * 5)
        .every((byte) => byte === number),
    ).toBe(true)
  }
})
