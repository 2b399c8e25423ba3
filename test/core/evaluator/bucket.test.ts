import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, bucketsOf } from '#core/evaluator/bucket.ts'

/** The algorithm as the page says it, with what every language has. */
const bySpecification = (subject: string, salt: string): number =>
  createHash('sha256').update(`${salt}:${subject}`, 'utf8').digest().readUInt32BE(0) % 10_000

test('a bucket is the head of a SHA-256, whatever the subject', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.uuid(), fc.string({ minLength: 50 }))
  fc.assert(
    fc.property(text, fc.string({ unit: 'binary' }), (subject, salt) => {
      expect(bucketOf(subject, salt)).toBe(bySpecification(subject, salt))
    }),
    { numRuns: 500 },
  )
})

test('the vectors of the page are what the program gives', async () => {
  const page = await readFile(new URL('../../../docs/evaluator.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\| (\d+) +\|$/gm)]
  expect(rows.length).toBeGreaterThan(4)
  for (const [, salt = '', subject = '', bucket] of rows)
    expect([subject, bucketOf(subject, salt)]).toEqual([subject, Number(bucket)])
})

test('buckets are dealt evenly: of 20,000 subjects, each percentage has its share within two percent of them', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 99 }), (salt, percent) => {
      let below = 0
      for (let i = 0; i < 20_000; i++) if (bucketOf(`subject-${i}`, salt) < percent * 100) below++
      // Six standard deviations of an even deal.
      expect(Math.abs(below - percent * 200)).toBeLessThan(
        6 * Math.sqrt(20_000 * (percent / 100) * (1 - percent / 100)) + 1,
      )
    }),
    { numRuns: 10 },
  )
})

test('another flag deals anew: who is first for one is not first for the other', () => {
  const first = (salt: string) =>
    new Set(Array.from({ length: 10_000 }, (_, i) => `${i}`).filter((id) => bucketOf(id, salt) < 1_000))
  const [one, other] = [first('ONE'), first('OTHER')]
  const both = [...one].filter((id) => other.has(id)).length
  expect(both).toBeGreaterThan(50)
  expect(both).toBeLessThan(160)
})

test.each([
  ['0', 0],
  ['0.01', 1],
  ['0.5', 50],
  ['5', 500],
  ['33.33', 3_333],
  ['99.99', 9_999],
  ['100', 10_000],
  ['100.00', 10_000],
])('a percentage of %s is %d buckets', (percent, buckets) => {
  expect(bucketsOf(percent)).toBe(buckets)
})

test.each([
  '',
  ' 5',
  '5 ',
  '+5',
  '-1',
  '05',
  '5%',
  '1e2',
  '100.01',
  '101',
  '5.123',
  '.5',
  '5.',
  'NaN',
  'Infinity',
  '٥',
  5,
  null,
  undefined,
  ['5'],
])('a percentage of %j is none', (percent) => {
  expect(bucketsOf(percent)).toBeNull()
})
