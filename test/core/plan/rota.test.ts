import { expect, test } from 'vitest'
import { brokenRota, Rota } from '#core/plan/rota.ts'
import type { PlanFile } from '#core/plan/schema.ts'

const paths = { flag: {}, partial: { scenarios: { 'phase-1': {} } }, restore: {} }
const broken = (rota: unknown) => brokenRota({ drill: { rota: Rota.parse(rota) }, paths } as unknown as PlanFile)

test('a rota names paths and scenarios that the plan has', () => {
  expect(
    broken([
      { week: 1, path: 'partial', scenario: 'phase-1' },
      { week: 2, path: 'partial' },
    ]),
  ).toEqual([])
  expect(broken([{ week: 4, path: 'full' }])).toMatchObject([{ path: ['drill', 'rota', 0, 'path'] }])
  expect(broken([{ week: 1, path: 'purge' }])).toHaveLength(1)
  expect(broken([{ week: 1, path: 'partial', scenario: 'phase-2' }])).toMatchObject([
    { message: '"phase-2" is not a scenario of the path partial of this plan.', fix: 'Did you mean "phase-1"?' },
  ])
  expect(broken([{ week: 1, path: 'restore', scenario: 'phase-1' }])).toMatchObject([
    { fix: 'Leave the scenario out.' },
  ])
})

test('a month has four weeks', () => {
  expect(Rota.safeParse([{ week: 5, path: 'flag' }]).success).toBe(false)
  expect(Rota.parse(undefined)).toEqual([])
})
