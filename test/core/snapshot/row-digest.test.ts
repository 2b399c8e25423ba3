import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDigests, NO_ROWS, type RowDigest, sameDigest } from '#core/snapshot/row-digest.ts'

const digest: fc.Arbitrary<RowDigest> = fc.record({
  rows: fc.nat(),
  digest: fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 32, maxLength: 32 }).map((hex) => hex.join('')),
})

test('digests of parts add up, in any order and any grouping', () => {
  fc.assert(
    fc.property(digest, digest, digest, (a, b, c) => {
      expect(addDigests(a, b)).toEqual(addDigests(b, a))
      expect(addDigests(addDigests(a, b), c)).toEqual(addDigests(a, addDigests(b, c)))
      expect(addDigests(a, NO_ROWS)).toEqual(a)
    }),
  )
})

test('each half wraps at 64 bits without running into the other', () => {
  const most = { rows: 1, digest: 'f'.repeat(32) }
  const one = { rows: 1, digest: `${'0'.repeat(15)}1${'0'.repeat(15)}1` }
  expect(addDigests(most, one)).toEqual({ rows: 2, digest: '0'.repeat(32) })
})

test('the same sums of another number of rows are another content', () => {
  expect(sameDigest({ ...NO_ROWS, rows: 2 }, NO_ROWS)).toBe(false)
})
