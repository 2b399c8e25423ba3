import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shortened, textWidth, wrap } from '#core/report/picture/text.ts'

test('a wrapped name keeps every character but spaces, in lines that fit', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (name) => {
      const lines = wrap(name, 13, 120)
      expect(lines.join('').replace(/\s/g, '')).toBe(name.replace(/\s/g, ''))
      for (const line of lines) expect(textWidth(line, 13)).toBeLessThanOrEqual(120)
    }),
  )
})

test('a text that does not fit ends in an ellipsis, one that fits is whole', () => {
  expect(shortened('Retire', 13, 200)).toBe('Retire')
  const cut = shortened('failed: Postgres.LockNotAvailable', 11.5, 100)
  expect(cut).toMatch(/^failed: Post.*…$/)
  expect(textWidth(cut, 11.5)).toBeLessThanOrEqual(100)
})
