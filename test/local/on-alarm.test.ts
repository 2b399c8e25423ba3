import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '#aws/postgres.ts'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { readIncident } from '#core/incident/incident.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { fixtureOf } from '#core/plan/fixture.ts'
import { embedded } from '#local/embedded.ts'
import { outcomeOf } from '#local/outcome.ts'
import { type Stack, startStack } from '#local/stack.ts'
import { eventBridge, lambdaAction } from '#test/core/decide/alarm-events.ts'
import { playApplication } from '#test/support/application.ts'
import { FLAG, PLAN, PLAN_FOLDER } from '#test/support/paths.ts'

/** Of the plan: critical, contained immediately, path flag. */
const CRITICAL = 'connection-failures'
const MONITOR = 'slow-searches'

/** Nobody listens on port 1 of loopback. */
const unreachable = postgres({ url: 'postgresql://nobody@127.0.0.1:1/nothing' })

describe('an alarm event', () => {
  let database: Awaited<ReturnType<typeof embedded>>
  let databaseUp = true
  let stack: Stack
  let changes = 0
  const alarm = (signal: string, timestamp: string) => ({ name: `vector-rollback-test-${PLAN}-${signal}`, timestamp })
  /** Another change of the alarm's state each time. */
  const nextChange = () => `2026-11-21T03:00:${String(++changes).padStart(2, '0')}.000+0000`
  const invoke = async (event: unknown) => (await stack.invoke('on-alarm', event)) as AlarmOutcome[]
  const flag = () => stack.flags.read(FLAG as FlagPath)
  const incidents = async () => {
    const names = new Set<string>()
    for await (const { key } of stack.objects.list('incidents/')) names.add(key.split('/')[1] ?? '')
    return [...names]
  }
  const nameOf = (arn: string | null | undefined) => (arn?.split(':').at(-1) ?? '') as IncidentId
  const ended = async (arn: string | null | undefined) => {
    await stack.waitFor(arn ?? '')
    return outcomeOf(arn ?? '', nameOf(arn), stack)
  }

  beforeAll(async () => {
    database = await embedded()
    const fixture = await fixtureOf(PLAN_FOLDER)
    await database.session({ applicationName: 'fixture', statementTimeout: 0 }, (session) =>
      fixture.load(session, { rows: 20 }),
    )
    stack = await startStack({
      environment: 'test',
      database: {
        embedded: {
          label: database.label,
          kind: 'embedded',
          session: (options, work) => (databaseUp ? database : unreachable).session(options, work),
        },
      },
    })
    await playApplication(stack, database)
  })
  beforeEach(async () => {
    databaseUp = true
    // What ended in the test before is past its cooldown.
    stack.clock.travel(31 * 60_000)
    await stack.flags.write(FLAG as FlagPath, 'true')
  })
  afterAll(async () => {
    await stack?.close()
    await database?.close()
  })

  test('reaches the parameter in one hop, before the state machine is started', async () => {
    const [outcome] = await invoke(lambdaAction(alarm(CRITICAL, nextChange())))
    expect(outcome).toMatchObject({
      action: 'started',
      plan: PLAN,
      contained: { changed: true, flags: [{ parameter: FLAG, before: 'true', after: 'false' }] },
    })
    expect((await flag())?.value).toBe('false')
    const { report, problem } = await ended(outcome?.execution)
    expect(problem).toBeNull()
    expect(report).toMatchObject({ outcome: 'rolled-back', path: 'flag', startedBy: { kind: 'alarm' } })
    const told = stack.messages().filter(({ attributes }) => attributes.incident === nameOf(outcome?.execution))
    expect(told.map(({ attributes }) => attributes.event).sort()).toEqual([
      'contained',
      'report',
      'rolled-back',
      'started',
      'users',
    ])
    // The state machine's own first look finds the flag off already.
    const incident = await readIncident(stack.objects, nameOf(outcome?.execution))
    expect(incident).toMatchObject({
      signal: { name: CRITICAL, severity: 'critical' },
      contained: { changed: false, flags: [{ before: 'false', after: 'false' }] },
    })
  })

  test('reaches the parameter while database, bucket, topic and state machine are down, and starts the machine once when it comes again', async () => {
    const event = lambdaAction(alarm(CRITICAL, nextChange()))
    const before = await incidents()
    const services = ['s3', 'sns', 'states'] as const
    databaseUp = false
    for (const service of services) stack.faults.down(service)
    try {
      await expect(stack.invoke('on-alarm', event)).rejects.toThrow('StateMachine.Unreachable')
      expect((await flag())?.value).toBe('false')
    } finally {
      for (const service of services) stack.faults.up(service)
    }
    databaseUp = true
    expect(await incidents()).toEqual(before)
    const [outcome] = await invoke(event)
    expect(outcome).toMatchObject({ action: 'started', contained: { changed: false } })
    expect((await ended(outcome?.execution)).report?.outcome).toBe('rolled-back')
    expect(await incidents()).toEqual([...before, nameOf(outcome?.execution)].sort())
    expect(await invoke(event)).toMatchObject([{ action: 'joined', execution: outcome?.execution }])
    expect(await incidents()).toEqual([...before, nameOf(outcome?.execution)].sort())
  })

  test('that comes fifty times at once, by both ways, is one incident', async () => {
    const told = alarm(CRITICAL, nextChange())
    const before = await incidents()
    const copies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => invoke((i % 2 === 0 ? lambdaAction : eventBridge)(told))),
    )
    const executions = new Set(copies.flat().map(({ execution }) => execution))
    expect(executions.size).toBe(1)
    const [execution] = executions
    const { report, states } = await ended(execution)
    expect(report?.outcome).toBe('rolled-back')
    expect(states.filter(({ name }) => name === 'Contain')).toHaveLength(1)
    expect(await incidents()).toEqual([...before, nameOf(execution)].sort())
    expect((await flag())?.value).toBe('false')
  })

  test('of the same alarm that goes off anew is another incident when the cooldown is over', async () => {
    const [first] = await invoke(lambdaAction(alarm(CRITICAL, nextChange())))
    await ended(first?.execution)
    stack.clock.travel(31 * 60_000)
    const [second] = await invoke(lambdaAction(alarm(CRITICAL, nextChange())))
    expect(second?.action).toBe('started')
    expect(second?.execution).not.toBe(first?.execution)
    await ended(second?.execution)
  })

  test('of a signal that is only watched tells people, and leaves flag and state machine alone', async () => {
    const before = await incidents()
    const sent = stack.messages().length
    const version = (await flag())?.version
    const [outcome] = await invoke(lambdaAction(alarm(MONITOR, nextChange())))
    expect(outcome).toMatchObject({ action: 'monitor', contained: null, execution: null })
    const messages = stack.messages().slice(sent)
    expect(messages).toHaveLength(1)
    expect(JSON.stringify(messages)).toContain(`${PLAN} test: watch ${MONITOR} (medium)`)
    expect(stack.chat().at(-1)?.message).toContain(`watch ${MONITOR}`)
    expect(await flag()).toEqual({ value: 'true', version })
    expect(await incidents()).toEqual(before)
  })

  test.each(['OK', 'INSUFFICIENT_DATA'])('of an alarm that is %s leaves the flag alone', async (value) => {
    const before = await flag()
    expect(await invoke(eventBridge({ ...alarm(CRITICAL, nextChange()), value }))).toMatchObject([{ action: 'none' }])
    expect(await flag()).toEqual(before)
  })

  test('contains although the old value of the flag cannot be had', async () => {
    stack.faults.add({ service: 'ssm', operation: 'GetParameter', times: 1, fault: { blackHole: true } })
    const [outcome] = await invoke(lambdaAction(alarm(CRITICAL, nextChange())))
    expect(outcome?.contained).toMatchObject({ changed: true, flags: [{ before: null, after: 'false' }] })
    expect((await flag())?.value).toBe('false')
    await ended(outcome?.execution)
  })
})
