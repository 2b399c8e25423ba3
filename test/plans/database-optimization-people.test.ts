import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { renderMessage } from '#core/plan/messages.ts'
import type { RunReport } from '#core/report/model.ts'
import { describePostgres, type TestDatabase } from '#test/support/database.ts'
import { fixtureDatabase, type PlanWorld, planFolder, planWorld } from './world.ts'

const PLAN = 'database-optimization'
const MINUTE = 60_000

describe('who is told, and of what', () => {
  let plan: Plan
  beforeAll(async () => {
    plan = await loadPlan(planFolder(PLAN))
  })

  test('people are reached in the emergency channel, by mail and by telephone (OPT-05, OPT-87)', () => {
    const ways = Object.values(plan.contacts).flatMap(({ reach }) => reach)
    expect(new Set(ways)).toEqual(
      new Set(['chat: #replyx-emergency', 'mail: emergency-db@replyx.com', 'phone: the emergency hotline']),
    )
  })

  test('the notice to users has impact, time and workaround, and is sent again every 30 minutes (OPT-90, CON-17)', () => {
    expect(plan.updates).toBe(30 * MINUTE)
    const message = renderMessage(plan.messages, 'users', {
      impact: 'IMPACT',
      eta: 'ETA',
      workaround: 'WORKAROUND',
      'next-update': 'NEXT',
    })
    for (const field of ['IMPACT', 'ETA', 'WORKAROUND', 'NEXT']) expect(message?.body).toContain(field)
    expect(plan.messages['users-resolved']).toBeDefined()
  })

  test('phases 1 to 3 are drilled in weeks 1 to 3, the whole way back in week 4 (OPT-91, OPT-92, CON-18)', () => {
    const weeks = (week: number) =>
      plan.drill.rota.flatMap((one) => (one.week === week ? [one.scenario?.slice(0, 7) ?? one.path] : []))
    expect([1, 2, 3].map((week) => new Set(weeks(week)))).toEqual([
      new Set(['phase-1']),
      new Set(['phase-2']),
      new Set(['phase-3']),
    ])
    expect(weeks(4)).toEqual(['full', 'restore'])
    // No procedure of a month is left out, and none is drilled twice.
    const drilled = plan.drill.rota.flatMap(({ scenario }) => scenario ?? [])
    const scenarios = Object.keys(plan.paths.partial?.scenarios ?? {}).filter((name) => /^phase-[123]-/.test(name))
    expect(drilled.sort()).toEqual(scenarios.sort())
    expect(plan.drill.within).toBe(35 * 24 * 60 * MINUTE)
  })
})

describePostgres('what people hear of a rollback of database-optimization', () => {
  let template: TestDatabase
  let world: PlanWorld
  let report: RunReport | null
  beforeAll(async () => {
    template = await fixtureDatabase(PLAN, { rows: 100 })
    world = await planWorld(PLAN, template)
    ;({ report } = await world.run({ path: 'partial', scenario: 'phase-2-vector' }))
  })
  afterAll(async () => {
    await world?.close()
    await template?.drop()
  })
  const told = (event: string) => world.stack.messages().find(({ attributes }) => attributes.event === event)

  test('leads of database, backend and operations and the product owner stand in the first message (OPT-01, OPT-02, OPT-03, OPT-04)', () => {
    const text = told('contained')?.message ?? ''
    for (const words of [
      'database lead at once',
      'backend lead for code',
      'operations lead for infrastructure',
      'what does it mean for the business?',
    ])
      expect(text).toContain(words)
    for (const role of ['database-lead', 'backend-lead', 'devops-lead', 'product-owner']) {
      const { name, reach } = world.plan.contacts[role] ?? { name: 'nobody', reach: [] }
      expect(text).toContain(`${role}: ${name}`)
      expect(reach.length).toBeGreaterThan(0)
      for (const way of reach) expect(text).toContain(way)
    }
    // Before any step: who is called can still say no.
    const { steps, notifications } = report ?? { steps: [], notifications: [] }
    const first = steps.find(({ kind }) => kind === 'drop-indexes')?.startedAt ?? ''
    expect((notifications.find(({ event }) => event === 'contained')?.at ?? 'never') < first).toBe(true)
  })

  test('the internal notice has phase, severity, time, status, actions, next update and contact (OPT-89)', () => {
    const text = told('started')?.message ?? ''
    for (const label of [
      'Phase: partial',
      'Severity: ',
      'To be finished by 20',
      'Next update: 20',
      'Contact: database-lead',
    ])
      expect(text).toContain(label)
    const update = renderMessage(world.plan.messages, 'update', { status: 'STATUS', actions: 'ACTIONS', phase: 'STEP' })
    for (const field of ['STATUS', 'ACTIONS', 'STEP']) expect(update?.body).toContain(field)
  })

  test('the incident has the number of its time, and the report every field of the template or "not known" (OPT-78, OPT-79, OPT-80, OPT-81, OPT-82, OPT-83)', () => {
    const report = told('report')
    expect(report?.subject).toMatch(/DB-ROLLBACK-\d{8}-\d{6}$/)
    const text = report?.message ?? ''
    for (const label of [
      'What happened: a test',
      'Detected ',
      'First symptoms: ',
      'Phase and level: partial',
      'Commands:',
      'Users affected: not known',
      'Data loss: ',
      'Revenue: not known',
      'Root cause: not known',
    ])
      expect(text).toContain(label)
    expect(text).toMatch(/drop-indexes: public\.idx_knowledge_embeddings_ivfflat dropped/)
  })
})
