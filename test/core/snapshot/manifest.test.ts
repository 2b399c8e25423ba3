import { expect, test } from 'vitest'
import { MANIFEST_FORMAT, Manifest } from '#core/snapshot/manifest.ts'

const hash = 'a'.repeat(64)
const part = {
  index: 0,
  key: 'p',
  rows: 0,
  digest: '0'.repeat(32),
  rawBytes: 0,
  rawSha256: hash,
  storedBytes: 0,
  storedSha256: hash,
}
const manifestOf = (definition: object, parts: readonly object[]) =>
  Manifest.safeParse({
    format: MANIFEST_FORMAT,
    plan: 'p',
    snapshot: 's',
    retirement: 's',
    environment: 'test',
    database: 'd',
    createdAt: '2026-11-21T12:00:00Z',
    serverVersion: '18',
    extensions: [],
    consistency: 'retired',
    tables: [
      {
        schema: 'public',
        name: 't',
        definition: { columns: [], ...definition },
        columns: [],
        format: 'binary',
        rows: 0,
        digest: '0'.repeat(32),
        bytes: 0,
        rawBytes: 0,
        sha256: hash,
        parts,
      },
    ],
    sha256: hash,
  }).success

test('a manifest in which a table has lost its parts is none; only a partitioned one has none', () => {
  expect(manifestOf({}, [part])).toBe(true)
  expect(manifestOf({}, [])).toBe(false)
  expect(manifestOf({ partitioning: { key: 'LIST (a)' } }, [])).toBe(true)
  expect(manifestOf({ partitioning: { key: 'LIST (a)' } }, [part])).toBe(false)
})
