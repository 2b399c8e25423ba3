import { expect, test } from 'vitest'
import { type Send, tag, tags, withBucket } from './s3-client.ts'

const withKeys = async (keys: readonly string[]): Promise<Send> => {
  const { send } = await withBucket()
  for (const key of keys) await send('PUT', `/bucket/${encodeURIComponent(key)}`, { body: key })
  return send
}

const list = async (send: Send, query: string) => {
  const { text, status } = await send('GET', `/bucket?list-type=2${query}`)
  return {
    status,
    text,
    keys: tags(text, 'Key'),
    prefixes: [...text.matchAll(/<CommonPrefixes><Prefix>([^<]*)</g)].map(([, prefix]) => prefix),
    truncated: tag(text, 'IsTruncated') === 'true',
    next: tag(text, 'NextContinuationToken') ?? '',
  }
}

test('lists size and ETag, in the order of the keys’ UTF-8 bytes and not of JavaScript', async () => {
  const send = await withKeys(['🙂', '\uffee', 'b', 'a/b', 'a', 'Z'])
  const { keys, text } = await list(send, '')
  expect(keys).toEqual(['Z', 'a', 'a/b', 'b', '\uffee', '🙂'])
  expect([tag(text, 'Size'), tag(text, 'KeyCount')]).toEqual(['1', '6'])
})

test('lists the keys with a prefix only', async () => {
  const send = await withKeys(['a', 'a/1', 'a/2', 'b/1'])
  expect((await list(send, '&prefix=a%2F')).keys).toEqual(['a/1', 'a/2'])
  expect((await list(send, '&prefix=none')).keys).toEqual([])
})

test('gives each key once over all pages, also when keys come and go in between', async () => {
  const send = await withKeys(['a', 'b', 'c', 'd', 'e'])
  const first = await list(send, '&max-keys=2')
  expect([first.keys, first.truncated]).toEqual([['a', 'b'], true])
  await send('DELETE', '/bucket/b')
  await send('PUT', '/bucket/a0', { body: '' })
  const second = await list(send, `&max-keys=2&continuation-token=${first.next}`)
  expect([second.keys, second.truncated]).toEqual([['c', 'd'], true])
  const third = await list(send, `&max-keys=2&continuation-token=${second.next}`)
  expect([third.keys, third.truncated, third.next]).toEqual([['e'], false, ''])
})

test('a page that is exactly full says that it is the last', async () => {
  const send = await withKeys(['a', 'b'])
  expect(await list(send, '&max-keys=2')).toMatchObject({ keys: ['a', 'b'], truncated: false })
  expect(await list(send, '&max-keys=0')).toMatchObject({ keys: [], truncated: false })
})

test('rolls keys up to a delimiter, each common prefix once over all pages', async () => {
  const send = await withKeys(['a/1', 'a/2', 'b', 'c/1', 'c/2', 'd'])
  expect(await list(send, '&delimiter=%2F')).toMatchObject({ keys: ['b', 'd'], prefixes: ['a/', 'c/'] })
  const first = await list(send, '&delimiter=%2F&max-keys=1')
  expect(first).toMatchObject({ keys: [], prefixes: ['a/'], truncated: true })
  const second = await list(send, `&delimiter=%2F&max-keys=2&continuation-token=${first.next}`)
  expect(second).toMatchObject({ keys: ['b'], prefixes: ['c/'], truncated: true })
  const third = await list(send, `&delimiter=%2F&max-keys=2&continuation-token=${second.next}`)
  expect(third).toMatchObject({ keys: ['d'], prefixes: [], truncated: false })
  expect(await list(send, '&delimiter=%2F&prefix=a%2F')).toMatchObject({ keys: ['a/1', 'a/2'], prefixes: [] })
})

test('starts after a key that need not exist', async () => {
  const send = await withKeys(['a', 'c'])
  expect((await list(send, '&start-after=b')).keys).toEqual(['c'])
})

test('encodes keys that XML cannot carry when asked to', async () => {
  const send = await withKeys(['a b+c/ü&\u0001'])
  const { keys, text } = await list(send, '&encoding-type=url')
  expect([keys, tag(text, 'EncodingType')]).toEqual([['a+b%2Bc/%C3%BC%26%01'], 'url'])
})

test('escapes what XML reads as markup', async () => {
  const send = await withKeys(['<a>&"b"'])
  expect((await list(send, '')).keys).toEqual(['&lt;a&gt;&amp;&quot;b&quot;'])
})

test.each([
  '&max-keys=x',
  '&max-keys=-1',
  '&continuation-token=%21',
  '&encoding-type=base64',
])('refuses %s', async (query) => {
  const { status, text } = await list(await withKeys([]), query)
  expect([status, tag(text, 'Code')]).toEqual([400, 'InvalidArgument'])
})
