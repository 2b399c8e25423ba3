import fc from 'fast-check'
import { expect, test } from 'vitest'
import { place } from '#core/report/picture/place.ts'

const wishes = fc.array(fc.record({ at: fc.integer({ min: -500, max: 500 }), weight: fc.constantFrom(1, 2, 50) }), {
  minLength: 1,
  maxLength: 12,
})

test('keeps the order and the distance, and gives every wish that can be had', () => {
  fc.assert(
    fc.property(wishes, fc.integer({ min: 0, max: 60 }), (wanted, apart) => {
      const placed = place(wanted, () => apart)
      for (const [i, x] of placed.slice(1).entries()) expect(x - (placed[i] ?? 0)).toBeGreaterThanOrEqual(apart - 1e-6)
      const free = wanted.every(({ at }, i) => i === 0 || at - (wanted[i - 1]?.at ?? 0) >= apart)
      if (free) for (const [i, x] of placed.entries()) expect(x).toBeCloseTo(wanted[i]?.at ?? 0)
    }),
  )
})

test('the heavier wish gives way less', () => {
  const [light = 0, heavy = 0] = place(
    [
      { at: 0, weight: 1 },
      { at: 0, weight: 9 },
    ],
    () => 10,
  )
  expect([light, heavy]).toEqual([-9, 1])
})
