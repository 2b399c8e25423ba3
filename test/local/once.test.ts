import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventBridge, lambdaAction } from '#test/core/decide/alarm-events.ts'
import { type AlarmWorld, alarmWorld, FIFTY } from '#test/local/alarm-world.ts'
import { FLAG, PLAN } from '#test/support/paths.ts'

const MINUTE = 60_000

/** An execution that gets no run of its own: it contains also once it is in the record of the one that has. */
const JOINED = [
  'May containment come first?',
  'Contain',
  'Open incident',
  'Is it ours?',
  'Contain once more',
  'Nothing to do',
]

/** The alarms of the signal that asks for the full path, and of the one that asks for the partial path without anybody. */
const ALARMS = [['  query-timeout:\n', `  query-timeout:\n    alarm: [${FIFTY.join(', ')}]\n`]] as const

describe('one incident of a plan', () => {
  let world: AlarmWorld
  beforeEach(async () => {
    world = await alarmWorld(ALARMS)
    await world.stack.flags.write(FLAG as never, 'true')
  })
  afterEach(() => world?.close())

  test('lists all of fifty different alarms that go off in a minute, in its record and in its report, and tells of one start', async () => {
    const events = FIFTY.map((name, i) => world.event(name, i % 2 === 0 ? lambdaAction : eventBridge))
    const outcomes = (await Promise.all(events.map((event) => world.invoke(event)))).flat()
    expect(new Set(outcomes.map(({ execution }) => execution)).size).toBe(50)
    const [incident, ...others] = await world.until(async () => {
      const found = await world.incidents()
      return found.length > 0 && found
    })
    expect(others).toEqual([])
    const id = incident as never
    const arn = outcomes.find(({ execution }) => execution?.endsWith(`:${incident}`))?.execution ?? ''
    const ends = outcomes.filter(({ execution }) => execution !== arn)
    for (const { execution } of ends) {
      const { states } = await world.ended({ arn: execution ?? '' })
      expect(states.map(({ name }) => name)).toEqual(JOINED)
    }
    await world.answer(await world.asked(id), 'team-lead')
    const { report, problem } = await world.ended({ arn })
    expect(problem).toBeNull()
    expect(report).toMatchObject({ outcome: 'rolled-back', path: 'full', escalations: [] })
    const named = [report?.signal?.alarm, ...(report?.joined.map(({ signal }) => signal?.alarm) ?? [])]
    expect(named.toSorted()).toEqual(FIFTY.toSorted())
    expect(report?.joined.every(({ why, path }) => why === 'running' && path === 'full')).toBe(true)
    expect(report?.joined.map(({ signal }) => signal?.name)).toEqual(Array(49).fill('query-timeout'))
    expect(await world.joined(id)).toHaveLength(49)
    expect(await world.incidents()).toEqual([incident])
    expect(await world.told(id, 'started')).toHaveLength(1)
    const started = world.stack.messages().filter((message) => JSON.stringify(message).includes('rollback started'))
    expect(started).toHaveLength(1)
    const page = Buffer.from((await world.objects.read(`incidents/${incident}/report.md`))?.body ?? []).toString()
    for (const alarm of FIFTY) expect(page).toContain(alarm)
    expect(await world.flag()).toBe('false')
  })

  test('is all that fifty copies of one event start, and nothing comes of a late copy after its end', async () => {
    const event = world.event(FIFTY[0] ?? '')
    const copies = (await Promise.all(FIFTY.map(() => world.invoke(event)))).flat()
    const [arn, ...more] = [...new Set(copies.map(({ execution }) => execution))]
    expect(more).toEqual([])
    const id = (arn?.split(':').at(-1) ?? '') as never
    await world.answer(await world.asked(id), 'team-lead')
    expect((await world.ended({ arn: arn ?? '' })).report).toMatchObject({ outcome: 'rolled-back', joined: [] })
    const sent = world.stack.messages().length
    expect(await world.invoke(event)).toMatchObject([{ action: 'joined', execution: arn }])
    expect(await world.incidents()).toEqual([id])
    expect(world.stack.messages()).toHaveLength(sent)
  })
})

describe('an alarm that flaps', () => {
  let world: AlarmWorld
  beforeEach(async () => {
    world = await alarmWorld()
    await world.stack.flags.write(FLAG as never, 'true')
  })
  afterEach(() => world?.close())

  const names = async (arn: string) => (await world.ended({ arn })).states.map(({ name }) => name)

  test('rolls back once; within the cooldown it contains again and is written beside the run that has ended', async () => {
    const first = await world.goOff('partial')
    expect((await world.ended(first)).report?.outcome).toBe('rolled-back')
    expect(await world.invoke(world.event(world.alarm('partial')))).toMatchObject([{ action: 'started' }])
    await world.stack.flags.write(FLAG as never, 'true')
    world.stack.clock.travel(5 * MINUTE)
    const second = await world.goOff('partial')
    expect(await names(second.arn)).toEqual(JOINED)
    expect(await world.flag()).toBe('false')
    world.stack.clock.travel(5 * MINUTE)
    // Less severe than what was done.
    const third = await world.goOff('flag')
    expect(await names(third.arn)).toEqual(JOINED)
    const joined = await world.joined(first.incident)
    expect(joined.map(({ why }) => why)).toEqual(['cooldown', 'cooldown', 'cooldown'])
    expect(joined.map(({ incident }) => incident)).toEqual(expect.arrayContaining([second.incident, third.incident]))
    expect(await world.incidents()).toEqual([first.incident])
    expect(await world.told(first.incident, 'started')).toHaveLength(1)
  })

  test('is another incident when the cooldown is over', async () => {
    const first = await world.goOff('partial')
    await world.ended(first)
    world.stack.clock.travel(31 * MINUTE)
    const second = await world.goOff('partial')
    expect((await world.ended(second)).report?.outcome).toBe('rolled-back')
    expect((await world.incidents()).toSorted()).toEqual([first.incident, second.incident].toSorted())
  })

  test('is not kept from a worse path by the cooldown, nor is a person kept from any', async () => {
    await world.ended(await world.goOff('flag'))
    expect((await world.ended(await world.goOff('partial'))).report?.path).toBe('partial')
    const person = await world.start('by-hand', 'partial')
    expect((await world.ended(person)).report).toMatchObject({ path: 'partial', startedBy: { kind: 'person' } })
    expect(await world.incidents()).toHaveLength(3)
  })

  test('opens the breaker with one run more than the plan allows in a day: people are told once, alarms only contain', async () => {
    const runs: string[] = []
    for (const _ of [1, 2, 3]) {
      const run = await world.goOff('partial')
      expect((await world.ended(run)).report?.outcome).toBe('rolled-back')
      runs.push(run.incident)
      world.stack.clock.travel(31 * MINUTE)
    }
    await world.stack.flags.write(FLAG as never, 'true')
    const fourth = await world.goOff('partial')
    expect(await names(fourth.arn)).toEqual([
      'May containment come first?',
      'Contain',
      'Open incident',
      'Is it ours?',
      'Handed over',
    ])
    expect(await world.flag()).toBe('false')
    const last = runs.at(-1) as never
    expect(await world.told(last, 'held-back')).toHaveLength(1)
    for (const kind of ['partial', 'full', 'flag'] as const) {
      await world.stack.flags.write(FLAG as never, 'true')
      expect((await names((await world.goOff(kind)).arn)).at(-1)).toBe('Handed over')
      expect(await world.flag()).toBe('false')
    }
    expect(await world.told(last, 'held-back')).toHaveLength(1)
    expect((await world.joined(last)).map(({ why }) => why)).toEqual(Array(4).fill('breaker'))
    expect((await world.incidents()).toSorted()).toEqual(runs.toSorted())
    // Time alone does not close it, and people are not held back by it.
    world.stack.clock.travel(25 * 60 * MINUTE)
    expect((await names((await world.goOff('partial')).arn)).at(-1)).toBe('Handed over')
    expect((await world.ended(await world.start('by-hand', 'partial'))).report?.outcome).toBe('rolled-back')
  })

  test('does not count what changes nothing but flags', async () => {
    for (const _ of [1, 2, 3, 4, 5]) {
      expect((await world.ended(await world.goOff('flag'))).report?.outcome).toBe('rolled-back')
      world.stack.clock.travel(31 * MINUTE)
    }
    expect(await world.objects.read(`breaker/${PLAN}.json`)).toBeNull()
  })

  test('contains, and does no more, while the bucket cannot be read', async () => {
    world.stack.faults.down('s3')
    try {
      const { arn } = await world.goOff('partial')
      await world.until(async () => JSON.stringify(world.stack.messages()).includes('Bucket.Unreachable'))
      const states = (await world.stack.executions.history(arn)).map(({ name }) => name)
      expect(states).toEqual(['May containment come first?', 'Contain', 'Open incident', 'Needs a human'])
      expect(await world.flag()).toBe('false')
    } finally {
      world.stack.faults.up('s3')
    }
  })
})
