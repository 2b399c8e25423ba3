import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { keepPassed } from '#cli/drill-record.ts'
import { SHIPPED } from '#cli/plans.ts'
import { loadPlan } from '#core/plan/load.ts'
import { routesOf } from '#core/plan/work-of.ts'
import { drillReport } from '#test/support/report-drill.ts'
import { cli } from './cli.ts'

test('tells when each path was last proved, and ends with 3 as long as one is overdue', async () => {
  const state = await mkdtemp(join(tmpdir(), 'vector-rollback-drills-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  const plan = await loadPlan(join(SHIPPED, 'pgvector-search'))
  const report = drillReport()
  const [first] = report.runs
  if (!first) throw new Error('a drill has a run')
  const of = (routes: ReturnType<typeof routesOf>) => ({
    ...report,
    ...{ plan: plan.name, outcome: 'drill-passed' as const, createdAt: new Date().toISOString() },
    runs: routes.map((route) => ({ ...first, report: { ...first.report, ...route, planDigest: plan.digest } })),
  })
  const [flag, ...rest] = routesOf(plan)
  if (!flag) throw new Error('a plan has a path')

  await keepPassed(of([flag]), { state })
  const some = await cli(['drills', plan.name, '--state', state])
  expect(some.code).toBe(3)
  expect(some.stdout).toMatch(/pgvector-search {2}flag +proved .*due /)
  expect(some.stdout).toMatch(/pgvector-search {2}full +never proved +OVERDUE/)

  await keepPassed(of(rest), { state })
  const all = await cli(['drills', plan.name, '--state', state, '--json'])
  expect(all.code).toBe(0)
  const { drills } = JSON.parse(all.stdout)
  expect(drills).toHaveLength(rest.length + 1)
  for (const one of drills) expect(one).toMatchObject({ proved: { samePlan: true }, overdue: false })
})
