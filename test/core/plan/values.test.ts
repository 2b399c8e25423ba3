import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Milliseconds, parseDuration, printDuration } from '#core/plan/duration.ts'
import { nearest } from '#core/plan/nearest.ts'
import { absoluteLimit } from '#core/plan/signals.ts'
import { inVersionRange } from '#core/plan/versions.ts'
import { parseTable, writeTable } from '#core/plan/vocabulary.ts'

describe('durations', () => {
  test('come back from the text that is printed', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), (n) => {
        expect(parseDuration(printDuration(n as Milliseconds))).toBe(n)
      }),
    )
  })

  test.each([
    ['0s', 0],
    ['100ms', 100],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
  ])('%s is %d milliseconds', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds))

  test.each([
    '',
    '5',
    '-1s',
    '1.5h',
    '1 s',
    '01s',
    '1S',
    '1s ',
    '9999999999s',
    '1constructor',
  ])('"%s" is none', (text) => expect(parseDuration(text)).toBeNull())
})

describe('tables', () => {
  const part = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    .filter((text) => !text.includes('\0') && Buffer.byteLength(text) <= 63)

  test('come back from the text that is written, quotes, dots and all', () => {
    fc.assert(
      fc.property(part, part, (schema, name) => {
        expect(parseTable(writeTable({ schema, name }))).toEqual({ schema, name })
      }),
    )
  })

  test('are quoted only where SQL needs it', () => {
    expect(writeTable({ schema: 'public', name: 'Embeddings "old"' })).toBe('public."Embeddings ""old"""')
  })

  test.each([
    'embeddings',
    'a.b.c',
    'public.',
    '.x',
    'public.Embeddings',
    'public."x',
    `public.${'x'.repeat(64)}`,
    'a. b',
  ])('"%s" is none', (text) => expect(parseTable(text)).toBeNull())
})

describe('version ranges', () => {
  test.each([
    ['0.8.0', '>=0.5.0 <1', true],
    ['0.10.0', '>=0.9.0 <1', true],
    ['0.4.4', '>=0.5.0 <1', false],
    ['1.0', '>=0.5.0 <1', false],
    ['0.8.1', '0.8.1', true],
    ['0.8.1-dev', '>=0', false],
  ])('%s in "%s": %s', (version, range, expected) => expect(inVersionRange(version, range)).toBe(expected))
})

test('a limit against a baseline is in the unit of the measurement', () => {
  expect(absoluteLimit({ limit: { above: 20 }, baseline: 40 })).toEqual({ above: 48 })
  expect(absoluteLimit({ limit: { below: 90 }, baseline: 1000 })).toEqual({ below: expect.closeTo(100, 9) })
  expect(absoluteLimit({ limit: { above: 30 }, baseline: undefined })).toEqual({ above: 30 })
})

test('the nearest known word is found through a swap, a slip and a wrong case, and no other', () => {
  const known = ['budget', 'steps', 'retire']
  expect(['bugdet', 'Budget', 'step', 'retier', 'zebra'].map((word) => nearest(word, known))).toEqual([
    'budget',
    'budget',
    'steps',
    'retire',
    null,
  ])
})
