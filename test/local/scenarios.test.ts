import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FlagPath, IncidentId } from '#core/names.ts'
import type { Edit } from '#test/core/plan/folder.ts'
import { type AlarmWorld, alarmWorld } from '#test/local/alarm-world.ts'

const NOTICE = '/app/test/SEARCH_NOTICE' as FlagPath
/** A second flag that containment leaves alone, a scenario that sets it, and a row that takes it. */
const WITH_SCENARIO: readonly Edit[] = [
  [
    'flags:\n',
    'flags:\n  SEARCH_NOTICE: { parameter: "/app/{env}/SEARCH_NOTICE", safe: "shown", "on": "hidden", contain: by-step, ramp: "/app/{env}/SEARCH_NOTICE_PERCENT", delivery: poll, within: 15s }\n',
  ],
  [
    '    budget: 10m\n',
    `    budget: 10m
    scenarios:
      show-notice:
        describe: Searches are slow, and people should know.
        steps: [{ set-flag: { flag: SEARCH_NOTICE, to: safe } }]
        budget: 3m
`,
  ],
  ['{ when: out-of-memory, path: partial,', '{ when: out-of-memory, path: partial, scenario: show-notice,'],
  [
    '  machines-readable:\n',
    '  notice-shown: { describe: People are told., flag: SEARCH_NOTICE, is: safe, after: [partial/show-notice] }\n  machines-readable:\n',
  ],
  ['      - verify: { checks: [no-vector-index, vector-search-answers] }\n', ''],
  ['    after: [partial]\n', '    after: []\n'],
]

describe('a scenario of the partial path', () => {
  let world: AlarmWorld
  beforeAll(async () => {
    world = await alarmWorld(WITH_SCENARIO)
    await world.stack.flags.write(NOTICE, 'hidden')
  })
  afterAll(() => world?.close())

  it('is taken by the row that names it: its steps, its checks and its budget, and nothing of the path’s own', async () => {
    const run = await world.goOff('partial')
    const { report, problem } = await world.ended(run)
    expect(problem).toBeNull()
    expect(report).toMatchObject({ outcome: 'rolled-back', path: 'partial', scenario: 'show-notice' })
    expect(await world.kinds(run.incident)).toContain('set-flag')
    expect(await world.kinds(run.incident)).not.toContain('drop-indexes')
    expect(report?.checks.map(({ name, status }) => `${name} ${status}`)).toContain('notice-shown pass')
    expect(report?.budgets.find(({ name }) => name === 'total')).toMatchObject({ limitMs: 180_000 })
    expect((await world.stack.flags.read(NOTICE))?.value).toBe('shown')
  })

  it('is not what a person gets who asks for the path: that has its own steps, and not the checks of a scenario', async () => {
    const run = await world.start('by-hand', 'partial')
    const { report } = await world.ended(run)
    expect(report?.scenario).toBeUndefined()
    expect(await world.kinds('by-hand' as IncidentId)).toContain('drop-indexes')
    expect(report?.checks.map(({ name }) => name)).not.toContain('notice-shown')
  })

  it('leaves a flag alone that waits for a step: containment sets the others', async () => {
    await world.stack.flags.write(NOTICE, 'hidden')
    const { report } = await world.ended(await world.start('flag-alone', 'flag'))
    expect(report?.outcome).toBe('rolled-back')
    expect((await world.stack.flags.read(NOTICE))?.value).toBe('hidden')
  })

  it('that the run which goes on does not take is left to people: they are told at once, and the report asks for it', async () => {
    await world.stack.flags.write(NOTICE, 'hidden')
    world.meanwhile('drop-indexes', async () => world.ended(await world.goOff('partial')))
    const id = 'another-goes-on' as IncidentId
    const { report } = await world.ended(await world.start(id, 'partial'))
    expect(await world.joined(id)).toMatchObject([{ why: 'running', request: { scenario: 'show-notice' } }])
    expect((await world.stack.flags.read(NOTICE))?.value).toBe('hidden')
    expect(await world.told(id, 'held-back')).toMatchObject([
      { delivered: true, body: expect.stringContaining('partial/show-notice') },
    ])
    expect(report?.next.join(' ')).toMatch(/start plan "pgvector-search" with the path partial\/show-notice by hand/)
  })

  it('that has just ended does not hold back an alarm that asks for something else of the path', async () => {
    world.stack.clock.travel(86_400_000)
    await world.ended(await world.goOff('partial'))
    const again = await world.ended(await world.goOff('partial'))
    expect(again.joined).toBe(true)
    const other = await world.goOff('partial that asks')
    await world.answer(await world.asked(other.incident), 'on-call')
    expect((await world.ended(other)).report).toMatchObject({ outcome: 'rolled-back', path: 'partial' })
    expect(await world.kinds(other.incident)).toContain('drop-indexes')
  })

  it('that there is not is refused by name, contained', async () => {
    const input = { plan: 'pgvector-search', path: 'partial', scenario: 'show-notices', reason: 'a typing error' }
    const { arn } = await world.stack.executions.start('no-such', input)
    await world.until(async () =>
      (await world.stack.executions.history(arn)).some(({ name }) => name === 'Needs a human'),
    )
    const opened = (await world.stack.executions.history(arn)).find(({ name }) => name === 'Open incident')
    expect(opened).toMatchObject({ status: 'failed', error: 'Plan.NoSuchScenario' })
    expect(await world.flag()).toBe('false')
  })
})
