import { beforeEach, describe, expect, test } from 'vitest'
import { s3Objects } from '#aws/objects.ts'
import { recordDrill } from '#core/decide/drill.ts'
import { drillStandings } from '#core/decide/drill-standing.ts'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import type { Objects } from '#core/ports.ts'
import { edited, planFolder } from '#test/core/plan/folder.ts'
import { createBucket, useEndpoints } from '#test/support/endpoints.ts'

const current = useEndpoints()
const ROTA = `drill:
  within: 35d
  rota: [{ week: 1, path: partial, scenario: switch }, { week: 4, path: full }]
`
const SCENARIO = `    scenarios:
      switch: { describe: Another provider., steps: [{ run-sql: { file: sql/step.sql } }], budget: 5m }
`
let objects: Objects
let plan: Plan
let buckets = 0

beforeEach(async () => {
  const name = `drilled-${++buckets}`
  await createBucket(current().endpoints.url, name)
  objects = s3Objects(name)
  const text = edited(['contacts:\n', `${ROTA}contacts:\n`], ['    budget: 10m\n', `    budget: 10m\n${SCENARIO}`])
  plan = await loadPlan(await planFolder({ 'plan.yaml': text }))
})

const drilled = (path: 'flag' | 'partial' | 'full', createdAt: string, more: object = {}) =>
  recordDrill(objects, {
    ...{ plan: plan.name, planDigest: plan.digest, path, outcome: 'drill-passed', environment: 'drill' },
    ...{ incident: 'drill-1', createdAt },
    ...more,
  })
const standing = async (route: string, now: string) =>
  (await drillStandings(objects, plan, new Date(now))).find((one) => one.route === route)

describe('where the drills of a plan stand', () => {
  test('every path, the purge and every scenario is listed; what was never proved is overdue, and due at no time', async () => {
    const standings = await drillStandings(objects, plan, new Date('2026-11-21T00:00:00Z'))
    expect(standings.map(({ route }) => route).toSorted()).toEqual(
      ['flag', 'full', 'partial', 'partial/switch', 'purge', 'restore'].toSorted(),
    )
    for (const one of standings) expect(one).toMatchObject({ proved: null, dueAt: null, overdue: true })
  })

  test('without a turn in the rota a path is due by the age that the plan allows', async () => {
    await drilled('flag', '2026-11-01T00:00:00.000Z')
    expect(await standing('flag', '2026-12-05T23:59:59Z')).toMatchObject({
      proved: { at: '2026-11-01T00:00:00.000Z', incident: 'drill-1', samePlan: true },
      weeks: [],
      dueAt: '2026-12-06T00:00:00.000Z',
      overdue: false,
    })
    expect(await standing('flag', '2026-12-06T00:00:00Z')).toMatchObject({ overdue: true })
  })

  test.each([
    ['in its week', '2026-11-03T12:00:00.000Z', '2026-12-08T00:00:00.000Z'],
    ['after its week, late', '2026-11-20T12:00:00.000Z', '2026-12-08T00:00:00.000Z'],
    ['at the end of a year', '2026-12-20T12:00:00.000Z', '2027-01-08T00:00:00.000Z'],
  ])('drilled %s, a scenario of the first week has its next turn until %s → %s', async (_, at, due) => {
    await drilled('partial', at, { scenario: 'switch' })
    expect(await standing('partial/switch', at)).toMatchObject({ weeks: [1], dueAt: due, overdue: false })
    expect(await standing('partial/switch', due)).toMatchObject({ overdue: true })
    // The drill of the scenario says nothing of the path's own steps.
    expect(await standing('partial', at)).toMatchObject({ proved: null, overdue: true })
  })

  test('drilled before its week it has its turn in the same month: the fourth week goes on to the end of the month', async () => {
    await drilled('full', '2026-11-02T00:00:00.000Z')
    expect(await standing('full', '2026-11-30T00:00:00Z')).toMatchObject({
      dueAt: '2026-12-01T00:00:00.000Z',
      overdue: false,
    })
  })

  test('a drill of the plan as it was once counts, and is called so; a record without a time does not', async () => {
    await drilled('full', '2026-11-25T00:00:00.000Z', { planDigest: 'another' })
    expect((await standing('full', '2026-11-26T00:00:00Z'))?.proved).toMatchObject({ samePlan: false })
    await drilled('full', 'yesterday')
    expect(await standing('full', '2026-11-26T00:00:00Z')).toMatchObject({ proved: null, overdue: true })
  })
})
