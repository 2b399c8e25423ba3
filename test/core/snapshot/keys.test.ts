import { expect, test } from 'vitest'
import type { PlanName, RetirementId, SnapshotId } from '#core/names.ts'
import { manifestKey, partKey, snapshotOf } from '#core/snapshot/keys.ts'

const plan = 'search' as PlanName

test('a retirement has one snapshot, so that a second try continues it', () => {
  expect(snapshotOf('inc-2026-11-21' as RetirementId)).toBe('inc-2026-11-21')
})

test('keys sort as the parts do', () => {
  const keys = [9, 10, 100_000].map((index) => partKey(plan, 's' as SnapshotId, index))
  expect(keys.toSorted()).toEqual(keys)
})

test.each([
  '../other',
  'a/b',
  '',
  '.hidden',
  'x'.repeat(200),
])('a name that leaves its folder is refused: "%s"', (name) => {
  expect(() => manifestKey(plan, name as SnapshotId)).toThrow(expect.objectContaining({ name: 'Snapshot.BadName' }))
})
