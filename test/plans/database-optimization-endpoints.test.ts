import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { loadPlan, type Plan } from '#core/plan/load.ts'
import { describePostgres, type TestDatabase } from '#test/support/database.ts'
import { fixtureDatabase, type PlanWorld, planFolder, planWorld } from './world.ts'

const PLAN = 'database-optimization'
/** What the runbook asks at once, and what it asks in its comprehensive validation. */
const IMMEDIATE = [
  'health-answers',
  'api-health-answers',
  'assistants-stats-answer',
  'dialogs-recent-answer',
  'telegram-bot-answers',
  'database-answers',
]
const COMPREHENSIVE = [
  'core-tables-readable',
  'search-endpoint-answers',
  'upload-works',
  'download-works',
  'sign-in-works',
]

describe('the checks of the application', () => {
  let plan: Plan
  beforeAll(async () => {
    plan = await loadPlan(planFolder(PLAN))
  })

  test('every endpoint has to answer with its status within 5 seconds (OPT-66, DEF-30, CON-06)', () => {
    const checks = Object.values(plan.checks).filter((check) => check.kind === 'http')
    expect(checks.length).toBeGreaterThanOrEqual(8)
    for (const { expect: wanted } of checks) {
      expect(wanted.within).toBeLessThanOrEqual(5_000)
      expect(wanted.status).not.toBeNull()
    }
  })

  test('in the first 5 minutes they are asked every 30 seconds, until 15 minutes every minute, until 30 every 5 (OPT-58, OPT-59, OPT-60, OPT-61, OPT-62, OPT-63)', () => {
    expect(plan.watch?.tiers.map(({ until, every }) => [until / 60_000, every / 1000])).toEqual([
      [5, 30],
      [15, 60],
      [30, 300],
    ])
    const [first, ...later] = plan.watch?.tiers ?? []
    expect(first?.checks).toEqual(expect.arrayContaining(IMMEDIATE))
    for (const { checks } of later) expect(checks).toBeNull()
    for (const name of [...IMMEDIATE, ...COMPREHENSIVE])
      expect(plan.checks[name]?.after).toEqual(expect.arrayContaining(['flag', 'partial', 'restore', 're-enable']))
  })
})

describePostgres('the application after a rollback of database-optimization', () => {
  let template: TestDatabase
  beforeAll(async () => {
    template = await fixtureDatabase(PLAN, { rows: 100 })
  })
  afterAll(() => template?.drop())
  const start = async (): Promise<PlanWorld> => {
    const world = await planWorld(PLAN, template)
    onTestFinished(() => world.close())
    return world
  }
  const counts = (world: PlanWorld) =>
    world.query(
      `select (select count(*)::int from public.documents) as documents, (select count(*)::int from public.dialog_messages) as messages`,
    )

  test('health, statistics, dialogs, bot, uploads, downloads and sign-in work, and no test data stays (OPT-18, OPT-19, OPT-43, OPT-58, OPT-59, OPT-60, OPT-61, OPT-62, OPT-63, OPT-68, OPT-69, DEF-50)', async () => {
    const world = await start()
    const before = await counts(world)
    const { report, problem } = await world.run({ path: 'flag' })
    expect([problem, report?.outcome]).toEqual([null, 'rolled-back'])
    const passed = report?.checks.filter(({ status }) => status === 'pass').map(({ name }) => name)
    expect(passed).toEqual(expect.arrayContaining([...IMMEDIATE, ...COMPREHENSIVE]))
    expect(await counts(world)).toEqual(before)
    // Something was written for it: the numbers of the sequence are gone.
    const [sequence] = await world.query<{ n: number }>(`select last_value::int as n from public.documents_id_seq`)
    expect(sequence?.n).toBeGreaterThan(40)
  })

  test('an endpoint that answers 500 is a check that fails, and the run needs a person (OPT-19, OPT-60, DEF-30)', async () => {
    const world = await start()
    await world.query('revoke select on public.dialogs from replyx_app')
    const { report, problem } = await world.run({ path: 'flag' })
    expect(report?.outcome).toBe('needs-human')
    expect(problem?.text).toContain('dialogs-recent-answer (fail)')
    expect(await world.flag('OPTIMIZED_QUERIES_ENABLED')).toBe('false')
  })
})
