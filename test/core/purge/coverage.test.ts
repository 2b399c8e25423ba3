import { expect, test } from 'vitest'
import { requireCovered } from '#core/purge/coverage.ts'

const nothing = { destroys: [], uncovered: [], extension: null }

test('what is covered goes through', () => {
  expect(() => requireCovered(nothing)).not.toThrow()
})

test('a refusal names every object, and what to do about the first', () => {
  const uncovered = [
    { type: 'view', identity: 'public.recent' },
    { type: 'table column', identity: 'public.other.embedding' },
  ]
  expect(() => requireCovered({ ...nothing, uncovered })).toThrow(
    expect.objectContaining({
      name: 'Purge.NotCovered',
      category: 'refused',
      message: expect.stringMatching(/view "public\.recent", table column "public\.other\.embedding"/),
      fix: expect.stringContaining('Drop the view "public.recent"'),
    }),
  )
})

test('a long list is cut, its length is not', () => {
  const uncovered = Array.from({ length: 12 }, (_, i) => ({ type: 'view', identity: `public.v${i}` }))
  expect(() => requireCovered({ ...nothing, uncovered })).toThrow(/12 objects depend .*"public\.v9", …/)
})
