import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRequest } from '#core/approval/approval.ts'
import { lastHumanQuestion } from '#core/approval/decide-problem.ts'
import { readBreaker } from '#core/incident/breaker.ts'
import { keys } from '#core/incident/keys.ts'
import type { IncidentId } from '#core/names.ts'
import { type AlarmWorld, alarmWorld } from '#test/local/alarm-world.ts'
import { FLAG, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

const WATCH_OF_PLAN = /^watch:\n( .*\n)*/m.exec(await readFile(join(PLAN_FOLDER, 'plan.yaml'), 'utf8'))?.[0] ?? ''

/** Long enough that nothing is over before the test has spoken, short enough for somebody to wait for it. */
const WATCHED = [[WATCH_OF_PLAN, 'watch: { for: 1h, every: 1s }\n']] as const
const UNWATCHED = [[WATCH_OF_PLAN, '']] as const
/** At the beginning and at the end: the clock travels past what lies between. */
const TWO_LOOKS = [[WATCH_OF_PLAN, 'watch: { for: 10m, every: 10m }\n']] as const

describe('a worse path', () => {
  let world: AlarmWorld
  const begin = async (...how: Parameters<typeof alarmWorld>) => {
    world = await alarmWorld(...how)
  }
  afterEach(() => world?.close())
  const sequence = (kinds: readonly string[], wanted: readonly string[]) =>
    kinds.filter((kind) => wanted.includes(kind))

  describe('that comes while a run waits for an approval', () => {
    beforeEach(() => begin())

    test('ends that wait as superseded, refuses a late answer, and goes on', async () => {
      const run = await world.goOff('partial that asks')
      const question = await world.asked(run.incident)
      const worse = await world.goOff('full')
      const { states } = await world.ended(worse)
      expect(states.at(-1)?.name).toBe('Nothing to do')
      const { report, problem, states: taken } = await world.ended(run)
      expect(problem).toBeNull()
      expect(report).toMatchObject({
        outcome: 'rolled-back',
        path: 'full',
        escalations: [{ from: 'partial', to: 'full', by: worse.incident }],
        joined: [{ incident: worse.incident, path: 'full', signal: { name: 'cross-tenant-leak' } }],
      })
      // The steps of the path that nobody approved were not taken.
      expect(await world.kinds(run.incident)).not.toContain('drop-indexes')
      expect(await world.kinds(run.incident)).toContain('retire')
      expect(taken.find(({ name }) => name === 'Ask to go on')?.error).toBe('Approval.Superseded')
      expect(await world.told(run.incident, 'worse')).toHaveLength(1)
      expect(report?.notifications.map(({ event }) => event)).toContain('worse')
      const late = (await readRequest(world.objects, run.incident, 'proceed')) ?? question
      expect(late.superseded?.by).toBe(worse.incident)
      expect(await world.answer(late, 'on-call')).toMatchObject({ statusCode: 409 })
      await expect(world.stack.executions.succeed(question.token, { approved: true })).rejects.toThrow(
        'No task waits for this answer any more',
      )
      expect(await world.incidents()).toEqual([run.incident])
    })

    test('is asked about by its own row; what was said about the path before counts nothing', async () => {
      const run = await world.goOff('partial that asks')
      const first = await world.asked(run.incident)
      await world.ended(await world.goOff('full that asks'))
      const second = await world.asked(run.incident, ({ digest }) => digest !== first.digest)
      expect(first.roles).toEqual(['on-call'])
      expect(second.roles).toEqual(['team-lead'])
      expect(second.superseded).toBeUndefined()
      await world.answer(second, 'team-lead')
      expect((await world.ended(run)).report).toMatchObject({ outcome: 'rolled-back', path: 'full' })
    })

    test('that a person starts by hand needs nobody else', async () => {
      const run = await world.goOff('partial that asks')
      await world.asked(run.incident)
      await world.ended(await world.start('by-hand', 'full'))
      const { report } = await world.ended(run)
      expect(report).toMatchObject({ outcome: 'rolled-back', path: 'full', joined: [{ path: 'full', signal: null }] })
      expect(report?.approvals).toEqual([])
    })

    test('that a person starts by hand does not let the run of an alarm re-enable, though they restore with it', async () => {
      const run = await world.goOff('partial that asks')
      await world.asked(run.incident)
      world.meanwhile('verify', () => Promise.reject(new Error('gone')))
      await world.ended(await world.start('by-hand', 'full'))
      const problem = await world.until(() => lastHumanQuestion(world.objects, run.incident))
      await world.stack.executions.succeed(problem?.token ?? '', { decision: 'path', path: 'restore' })
      const { report } = await world.ended(run)
      expect(report).toMatchObject({ outcome: 'restored', path: 'restore' })
      expect(await readRequest(world.objects, run.incident, 're-enable')).toBeNull()
      expect(await world.flag()).toBe('false')
    }, 60_000)

    test('and is less severe, or the same, leaves the question as it is', async () => {
      const run = await world.goOff('full that asks')
      const question = await world.asked(run.incident)
      for (const kind of ['partial', 'flag', 'full'] as const) await world.ended(await world.goOff(kind))
      expect(await readRequest(world.objects, run.incident, 'proceed')).toEqual(question)
      expect(await world.told(run.incident, 'worse')).toEqual([])
      await world.answer(question, 'team-lead')
      const { report } = await world.ended(run)
      expect(report).toMatchObject({ outcome: 'rolled-back', path: 'full', escalations: [] })
      expect(report?.joined).toHaveLength(3)
    })

    test('a function that is killed between its writes is repeated without harm', async () => {
      const run = await world.goOff('partial that asks')
      await world.asked(run.incident)
      // The first write that a call comes to is lost, and the call with it; then the next one.
      const joiner = {
        request: { plan: PLAN, path: 'full', reason: 'worse' },
        contained: null,
        execution: { id: 'arn:aws:states:::execution:x:by-hand', name: 'by-hand', startedAt: new Date().toISOString() },
      }
      const writes = [keys.joined(run.incident), keys.course(run.incident), keys.approval(run.incident, 'proceed')]
      for (const key of writes) {
        const fault = { status: 403, code: 'AccessDenied' }
        world.stack.faults.add({ service: 's3', operation: 'PutObject', key: new RegExp(key), times: 1, fault })
        const call = world.stack.invoke('open-incident', joiner)
        await expect(call, key).rejects.toMatchObject({ errorType: 'Bucket.Denied' })
      }
      await world.stack.invoke('open-incident', joiner)
      await world.stack.invoke('open-incident', joiner)
      const { report } = await world.ended(run)
      expect(report).toMatchObject({ outcome: 'rolled-back', path: 'full' })
      expect(report?.escalations).toHaveLength(1)
      expect(report?.joined).toHaveLength(1)
      expect(sequence(await world.kinds(run.incident), ['retire', 'report'])).toEqual(['retire', 'report'])
    })
  })

  describe('that comes while a run is watched', () => {
    beforeEach(() => begin(WATCHED, 'wait'))

    test.for([
      ['flag', 'partial'],
      ['flag', 'full'],
      ['partial', 'full'],
    ] as const)('takes the place of the %s path at the next round: %s', async ([from, to]) => {
      const run = await world.goOff(from)
      await world.until(async () => (await world.kinds(run.incident)).includes('watch'))
      await world.ended(await world.goOff(to))
      await world.until(async () => {
        const kinds = await world.kinds(run.incident)
        return kinds.includes('safe-point') && kinds.at(-1) === 'watch'
      })
      world.stack.clock.travel(61 * 60_000)
      const { report, problem } = await world.ended(run)
      expect(problem).toBeNull()
      expect(report).toMatchObject({ outcome: 'rolled-back', path: to, escalations: [{ from, to }] })
      expect(await world.told(run.incident, 'worse')).toHaveLength(1)
      expect(await world.told(run.incident, 'started')).toHaveLength(1)
    })
  })

  describe('that comes at another moment', () => {
    beforeEach(() => begin())

    test('between two steps: those that are left are passed over', async () => {
      world.meanwhile('drop-indexes', async () => world.ended(await world.goOff('full')))
      const run = await world.goOff('partial')
      const { report, problem } = await world.ended(run)
      expect(problem).toBeNull()
      expect(report).toMatchObject({ outcome: 'rolled-back', path: 'full', escalations: [{ from: 'partial' }] })
      expect(sequence(await world.kinds(run.incident), ['drop-indexes', 'verify', 'safe-point', 'retire'])).toEqual([
        'drop-indexes',
        'safe-point',
        'retire',
        'verify',
      ])
    })

    test('while a run ends: it waits a moment, and is a run of its own', async () => {
      const run = await world.goOff('flag')
      await world.until(async () => (await world.told(run.incident, 'started')).length > 0)
      // The report waits for its message.
      world.stack.faults.add({ service: 'sns', operation: 'Publish', times: 1, fault: { delay: 1_500 } })
      await world.until(async () => !(await world.course(run.incident)).open)
      const worse = await world.goOff('full')
      expect((await world.ended(run)).report).toMatchObject({ path: 'flag', escalations: [] })
      expect((await world.ended(worse)).report).toMatchObject({ outcome: 'rolled-back', path: 'full' })
      expect((await world.incidents()).toSorted()).toEqual([run.incident, worse.incident].toSorted())
    })

    test('while a restore goes on: it contains, people are told once, and the restore goes on', async () => {
      await world.ended(await world.goOff('full'))
      const restore = await world.start('back', 'restore')
      await world.asked(restore.incident, () => true, 're-enable')
      for (const kind of ['full', 'partial'] as const) {
        await world.stack.flags.write(FLAG as never, 'true')
        expect((await world.ended(await world.goOff(kind))).states.at(-1)?.name).toBe('Nothing to do')
        expect(await world.flag()).toBe('false')
      }
      expect(await world.told(restore.incident, 'held-back')).toHaveLength(1)
      expect(await world.told(restore.incident, 'worse')).toEqual([])
      expect((await world.joined(restore.incident)).map(({ request }) => request.path)).toEqual(['full', 'partial'])
      const { token } = await world.asked(restore.incident, () => true, 're-enable')
      await world.stack.executions.succeed(token, { approved: false })
      expect((await world.ended(restore)).report).toMatchObject({ outcome: 'restored', escalations: [] })
    })
  })

  test.for([
    ['checks', UNWATCHED],
    ['watch', TWO_LOOKS],
  ] as const)('after the last look of a run, in its %s: it does not end before it has taken it', async ([
    at,
    edits,
  ]) => {
    await begin(edits)
    const { promise: begun, resolve: begins } = Promise.withResolvers<IncidentId>()
    const isLast = async () => at === 'checks' || (await world.kinds(await begun)).includes('watch')
    const look = async (): Promise<unknown> =>
      (await isLast()) ? world.ended(await world.goOff('partial')) : world.meanwhile('verify', look)
    world.meanwhile('verify', look)
    const run = await world.goOff('flag')
    begins(run.incident)
    const { report, states } = await world.ended(run)
    expect(report).toMatchObject({ outcome: 'rolled-back', path: 'partial', escalations: [{ from: 'flag' }] })
    expect(states.filter(({ name }) => name === 'Report').length).toBe(2)
    expect(await world.told(run.incident, 'rolled-back')).toHaveLength(1)
    expect(await world.incidents()).toEqual([run.incident])
  })

  test('is not taken from an alarm that would be one run too many: the breaker opens, the run goes on as it was', async () => {
    await begin([...WATCHED, ['budgets:', 'runs-per-day: 1\nbudgets:']], 'wait')
    await world.stack.objects.write(
      `${keys.runs(PLAN)}${world.stack.clock.now().toISOString()}-earlier.json`,
      JSON.stringify({}),
    )
    const run = await world.goOff('flag')
    await world.until(async () => (await world.kinds(run.incident)).includes('watch'))
    await world.ended(await world.goOff('full'))
    expect(await world.told(run.incident, 'held-back')).toHaveLength(1)
    expect(await readBreaker(world.objects, PLAN as never)).toMatchObject({ state: 'open', runs: ['earlier'] })
    world.stack.clock.travel(61 * 60_000)
    expect((await world.ended(run)).report).toMatchObject({ outcome: 'rolled-back', path: 'flag', escalations: [] })
  })
})
