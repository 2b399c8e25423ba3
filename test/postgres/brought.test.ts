import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { awsWorkloads } from '#aws/workloads.ts'
import { AwsState } from '#local/aws-fixture.ts'
import { describePostgres } from '#test/support/database.ts'
import { FLAG, PLAN, PLAN_FOLDER, startWorld, type World } from '#test/support/paths.ts'

const WEB = { platform: 'ecs', cluster: 'app', service: 'web' } as const

/** A copy of the plan whose application reads its flag at the start of a task, and whose partial path goes back to a version. */
const planThatBrings = async (): Promise<string> => {
  const plans = await mkdtemp(join(tmpdir(), 'vector-rollback-plans-'))
  await cp(dirname(PLAN_FOLDER), plans, { recursive: true })
  const file = join(plans, PLAN, 'plan.yaml')
  const edits = [
    // Whom a restart brings the flag to, nobody brings a percentage to.
    ['    ramp: /app/{env}/VECTOR_SEARCH_PERCENT\n', ''],
    ['      ramp: { steps: [5, 25, 50, 100], hold: 10m, every: 1m }\n', ''],
    [
      'delivery: poll\n    within: 15s\n',
      'delivery: ecs-redeploy\n    deliver: { cluster: app, service: web }\n    within: 1m\n',
    ],
    [
      '      - drop-indexes: {',
      '      - previous-version: { ecs: { cluster: app, service: web }, to: "web:41" }\n      - drop-indexes: {',
    ],
  ] as const
  let text = await readFile(file, 'utf8')
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`"${from}" is not in ${file}`)
    text = text.replace(from, to)
  }
  await writeFile(file, text)
  return plans
}

describePostgres('an application that reads its flag when it starts', () => {
  let world: World
  let plans: string
  beforeAll(async () => {
    plans = await planThatBrings()
    world = await startWorld({ rows: 20, plansDirectory: plans })
    const state = {
      ecs: {
        'task-definitions': { 'web:41': ['repo/web:1'], 'web:42': ['repo/web:2'] },
        services: { 'app/web': { 'task-definition': 'web:42', count: 2 } },
      },
    }
    await world.stack.loadAws(AwsState.parse(state))
    await world.stack.flags.write(FLAG as never, 'true')
  })
  afterAll(async () => {
    await world?.close()
    await rm(plans, { recursive: true, force: true })
  })

  test('is restarted by containment, shown to have followed in the report, and brought back to a version by a step (DEF-32)', async () => {
    const before = await awsWorkloads().look(WEB)
    const { report, problem } = await world.run('partial')
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('rolled-back')
    expect(report?.checks).toContainEqual({
      name: 'delivery of VECTOR_SEARCH_ENABLED',
      status: 'pass',
      detail: expect.stringContaining('ECS service "app/web" has followed'),
      describe: expect.stringContaining('by ecs-redeploy, 1m after the flag was set'),
    })
    const after = await awsWorkloads().look(WEB)
    expect(after).toMatchObject({ version: 'web:41', count: 2, rollout: { done: true } })
    expect(after.rollout.id).not.toBe(before.rollout.id)
  })
})
