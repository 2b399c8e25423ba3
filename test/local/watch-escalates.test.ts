import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lastHumanQuestion } from '#core/approval/decide-problem.ts'
import { type PassedDrill, recordDrill } from '#core/decide/drill.ts'
import type { FlagPath } from '#core/names.ts'
import { localArn, urlEvent } from '#local/people.ts'
import type { Edit } from '#test/core/plan/folder.ts'
import { type AlarmWorld, alarmWorld } from '#test/local/alarm-world.ts'
import { FLAG, PLAN } from '#test/support/paths.ts'

const NOTICE = '/app/test/SEARCH_NOTICE' as FlagPath
/** A watch that goes on by itself, and a check of the partial path that somebody can make fail: it asks for a flag. */
const ESCALATES: readonly Edit[] = [
  ['watch:\n', 'watch:\n  escalate: true\n'],
  [
    'flags:\n',
    'flags:\n  SEARCH_NOTICE: { parameter: "/app/{env}/SEARCH_NOTICE", safe: "shown", "on": "hidden", contain: by-step, ramp: "/app/{env}/SEARCH_NOTICE_PERCENT", delivery: poll, within: 15s }\n',
  ],
  [
    '  machines-readable:\n',
    '  notice-shown: { describe: People are told., flag: SEARCH_NOTICE, is: safe, after: [partial] }\n  machines-readable:\n',
  ],
]

describe('a partial path that gets worse while it is watched', () => {
  let world: AlarmWorld
  beforeAll(async () => {
    world = await alarmWorld(ESCALATES)
  })
  afterAll(() => world?.close())
  beforeEach(async () => {
    // Of another day than the run before.
    world.stack.clock.travel(86_400_000)
    await world.stack.flags.write(FLAG as FlagPath, 'true')
    await world.stack.flags.write(NOTICE, 'shown')
    // The checks pass once: what the watch then sees is worse.
    world.meanwhile('drop-indexes', async () =>
      world.meanwhile('verify', async () =>
        world.meanwhile('verify', async () => world.stack.flags.write(NOTICE, 'hidden')),
      ),
    )
  })
  const drilledAt = (createdAt: Date) => {
    const drill = { plan: PLAN, planDigest: '', path: 'full', outcome: 'drill-passed', environment: 'test' } as const
    const passed: PassedDrill = { ...drill, incident: 'a-drill', createdAt: createdAt.toISOString() }
    return recordDrill(world.objects, passed)
  }

  test('does not go on by itself to a full one that nobody has drilled of late: a person is asked', async () => {
    await drilledAt(new Date('2020-01-01'))
    const { arn, incident } = await world.goOff('partial')
    await world.until(async () => (await world.told(incident, 'needs-human')).length > 0)
    expect(await world.kinds(incident)).not.toContain('retire')
    expect(await world.told(incident, 'needs-human')).toMatchObject([
      { values: { error: expect.stringMatching(/^Watch\.Worse: .*Proposed: the path full/) } },
    ])
    const question = (await lastHumanQuestion(world.objects, incident))?.at
    const close = { incident, question, decide: 'close', role: 'team-lead', reason: 'seen' }
    await world.stack.invoke('answer', urlEvent(localArn('team-lead in person'), close))
    await world.ended({ arn })
  })

  test('goes on to the full one by itself where the plan says so: people hear of it, and nobody is asked', async () => {
    await drilledAt(world.stack.clock.now())
    const run = await world.goOff('partial')
    const { report, problem } = await world.ended(run)
    expect(problem).toBeNull()
    expect(report).toMatchObject({ outcome: 'rolled-back', path: 'full' })
    const kinds = await world.kinds(run.incident)
    for (const kind of ['drop-indexes', 'retire', 'seal-snapshot']) expect(kinds).toContain(kind)
    expect(await world.told(run.incident, 'worse')).toHaveLength(1)
  })
})
