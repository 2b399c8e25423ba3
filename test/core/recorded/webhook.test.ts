import { describe, expect, test } from 'vitest'
import { readPlan } from '#core/plan/load.ts'
import { planFolder, shown } from '#test/core/plan/folder.ts'
import { webhookServer } from '#test/support/webhook-server.ts'
import { configWorld, withSteps } from './world.ts'

const STEP = 'webhook: { webhook: pager, say: "Send traffic of {incident} away" }'
const input = { webhook: 'pager', say: 'Send traffic of {incident} away' }

const start = async (answers?: Parameters<typeof webhookServer>[0], body = '') => {
  const server = await webhookServer(answers)
  const hooks = `webhooks:\n  - name: pager\n    url: ${server.url}/hooks/{env}\n    events: []\n    secret: /app/{env}/HOOK\n${body}`
  const text = `${withSteps([STEP])}${hooks}`
  const world = await configWorld(text, { ssm: { '/app/local/HOOK': { secret: 'made-up' } } }, 'local')
  return { ...world, server }
}

describe('a webhook step', () => {
  test('calls the webhook once for each incident, signed, with a key that repetitions have in common', async () => {
    const world = await start()
    const run = await world.begin('one')
    expect(await world.step(run, 'webhook', input)).toMatchObject({
      changed: true,
      detail: '"pager" was called: 200',
      waitSeconds: 0,
    })
    expect((await world.step(run, 'webhook', input)).changed).toBe(false)
    expect(world.server.requests).toHaveLength(1)
    const [sent] = world.server.requests
    expect(sent?.path).toBe('/hooks/local')
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({
      event: 'step',
      plan: 'small',
      incident: 'one',
      text: 'Send traffic of one away',
    })
    expect(Object.keys(sent?.headers ?? {}).some((name) => name.includes('signature'))).toBe(true)
    await world.step(await world.begin('two'), 'webhook', input)
    const keys = world.server.requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toBeTruthy()
    expect(keys[1]).not.toBe(keys[0])
  })

  test('that was killed between the call and its record is called again with the same key', async () => {
    const world = await start()
    const run = await world.begin('one')
    const mend = world.stack.faults.add({
      service: 's3',
      operation: 'PutObject',
      key: /\/calls\//,
      fault: { status: 403 },
    })
    await expect(world.step(run, 'webhook', input)).rejects.toBeTruthy()
    mend()
    await world.step(run, 'webhook', input)
    const [first, second] = world.server.requests.map(({ headers }) => headers['idempotency-key'])
    expect(world.server.requests).toHaveLength(2)
    expect(second).toBe(first)
  })

  test('sends the mapping of the plan with what it says, where there is one', async () => {
    const world = await start([200], '    body: { text: "{status}", on: "{plan}" }\n')
    await world.step(await world.begin('one'), 'webhook', input)
    expect(JSON.parse(world.server.requests[0]?.body ?? '')).toEqual({ text: 'Send traffic of one away', on: 'small' })
  })

  test('calls nobody in a drill: another system would act on it', async () => {
    const world = await start()
    const run = await world.begin('one')
    const { detail } = await world.step({ ...run, drill: true }, 'webhook', input)
    expect([detail, world.server.requests]).toEqual(['"pager" is not called in a drill', []])
  })

  test('of a name that the plan does not have is refused by plan check', async () => {
    const directory = await planFolder({ 'plan.yaml': withSteps([STEP]), 'sql/step.sql': null })
    expect(shown((await readPlan(directory)).problems)).toEqual([
      expect.stringContaining('"pager" is not a webhook of this plan.'),
    ])
  })
})
