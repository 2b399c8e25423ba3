import { expect, test } from 'vitest'
import type { AlarmOutcome } from '#core/decide/on-alarm.ts'
import { recordJoined } from '#core/incident/joined.ts'
import { keys } from '#core/incident/keys.ts'
import { readMessages } from '#core/incident/tell.ts'
import { readJson, writeJson } from '#core/json.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import { readReEnabling } from '#core/re-enable/record.ts'
import { outcomeOf } from '#local/outcome.ts'
import type { Stack } from '#local/stack.ts'
import { lambdaAction } from '#test/core/decide/alarm-events.ts'
import { describePostgres } from '#test/support/database.ts'
import { FLAG, INCIDENT, RAMP, useReEnabling } from './re-enable-world.ts'

describePostgres('re-enabling after a restore', () => {
  const { setHealth, start } = useReEnabling()
  const taken = (states: readonly { name: string }[], ...names: string[]) =>
    states.map(({ name }) => name).filter((name) => names.includes(name))

  test('goes up step by step, each held and watched, and ends with the feature on for all (PGV-51)', async () => {
    const percents: Promise<string | undefined>[] = []
    const world = await start({
      onState: (state, _, { flags }) => {
        if (state === 'Re-enable') percents.push(flags.read(RAMP).then((found) => found?.value))
      },
    })
    const { report, problem, states } = await world.restore()
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(await Promise.all(percents)).toEqual(['5', '50', '100'])
    expect([await world.flag(), await world.percent()]).toEqual(['true', '100'])
    const step = ['Re-enable', 'Watch the feature', 'Hold', 'Watch the feature', 'Hold', 'Watch the feature']
    expect(taken(states, 'Re-enable', 'Watch the feature', 'Hold', 'Switch off again')).toEqual([
      ...step,
      ...step,
      ...step,
    ])
    expect(report?.watch.filter(({ after }) => after === 're-enable')).toHaveLength(9)
    const record = await readReEnabling(world.stack.objects, INCIDENT)
    expect(record?.record.attested).toEqual({
      gates: ['Fixed.'],
      unmet: ['No drill of this plan has passed within 90d.', 'Nobody can tell the delivery of SEARCH.'],
      by: ['Ada (lead)'],
    })
  })

  test('contains first: the percentage is 0 while the question is open', async () => {
    const world = await start({ approvers: [] })
    const { report, problem } = await world.restore()
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect([await world.flag(), await world.percent()]).toEqual(['false', '0'])
  })

  test('asks with the texts that are attested, and names the drill that is missing; one that passed is not named', async () => {
    const world = await start({ approvers: [] })
    await world.restore()
    const asked = async (id: string) =>
      (await readJson(world.stack.objects, `${keys.approval(id as IncidentId, 're-enable')}request.json`))?.value
    expect(await asked(INCIDENT)).toMatchObject({
      about: expect.stringMatching(/^You attest: Fixed\. In spite of: No drill .* For 5, 50, 100 percent/),
    })
    await writeJson(world.stack.objects, keys.lastDrill('small' as PlanName), {
      outcome: 'drill-passed',
      createdAt: world.stack.clock.now().toISOString(),
    })
    await world.restore('incident-2')
    expect(await asked('incident-2')).toMatchObject({ about: expect.not.stringContaining('No drill') })
  })

  test('nobody is asked while consumers are known to act on the old value', async () => {
    let written: Promise<unknown> = Promise.resolve()
    const world = await start({
      onState: (state, visit, { objects, clock }) => {
        // Some states before the gate, so that it is there in time.
        if (state !== 'Ask outside' || visit !== 1) return
        const check = { name: 'delivery of SEARCH', describe: '-', status: 'fail', detail: '1 of 2 has not followed' }
        written = writeJson(objects, `${keys.checks(INCIDENT)}${clock.now().toISOString()}-delivery.json`, [check])
      },
    })
    const { problem } = await world.restore()
    await written
    expect(problem).toMatchObject({
      error: 'ReEnable.ChecksNotGreen',
      text: expect.stringContaining('delivery of SEARCH (fail)'),
    })
    expect(await world.flag()).toBe('false')
  })

  test('a check that fails at a step switches the feature off again, and a person is told at how many percent', async () => {
    let broken: Promise<unknown> = Promise.resolve()
    const world = await start({
      onState: (state, visit) => {
        if (state === 'Re-enable' && visit === 2) broken = setHealth(0)
      },
    })
    const { report, problem, states } = await world.restore()
    await broken
    expect(problem).toMatchObject({ error: 'ReEnable.Worse', text: expect.stringMatching(/^At 50%: .*"0", not "1"/) })
    expect([await world.flag(), await world.percent()]).toEqual(['false', '0'])
    expect(taken(states, 'Re-enable', 'Switch off again', 'Needs a human')).toEqual([
      ...['Re-enable', 'Re-enable', 'Switch off again', 'Needs a human'],
    ])
    expect(report?.next[0]).toBe('The system is contained: the flags are at their safe values.')
    const told = (await readMessages(world.stack.objects, INCIDENT)).filter(({ event }) => event === 'needs-human')
    expect(told[0]?.body).toContain('ReEnable.Worse')
  })

  test('a database that is lost to the end of a hold is unknown, and switches the feature off again', async () => {
    const world = await start({
      onState: (state) => {
        if (state === 'Re-enable') process.env.DATABASE_URL = 'postgresql://nobody@127.0.0.1:1/nothing'
      },
    })
    const { problem, states } = await world.restore()
    expect(problem).toMatchObject({ error: 'ReEnable.Unknown' })
    expect(taken(states, 'Hold')).toHaveLength(2)
    expect([await world.flag(), await world.percent()]).toEqual(['false', '0'])
  })

  const alarm = (stack: Stack) =>
    stack.invoke(
      'on-alarm',
      lambdaAction({ name: 'vector-rollback-test-small-slow', timestamp: '2026-11-21T03:00:00.000+0000' }),
    ) as Promise<AlarmOutcome[]>

  test('an alarm in the middle contains, and the ramp never switches on again (PGV-50)', async () => {
    let outcome: Promise<AlarmOutcome[]> = Promise.resolve([])
    const seen: Promise<string | undefined>[] = []
    const world = await start({
      onState: (state, visit, stack) => {
        if (state === 'Watch the feature' && visit === 3) outcome = alarm(stack)
        if (state === 'Switch off again') seen.push(stack.flags.read(FLAG).then((found) => found?.value))
      },
    })
    const { problem, states } = await world.restore()
    const [alarmed] = await outcome
    expect(alarmed?.contained).toMatchObject({ changed: true })
    await world.stack.waitFor(alarmed?.execution ?? '')
    expect(problem).toMatchObject({ error: 'ReEnable.Interrupted' })
    expect([await world.flag(), await world.percent()]).toEqual(['false', '0'])
    // The alarm and the machine run beside each other: it may be about to take the last step, and takes it back then.
    expect([2, 3]).toContain(taken(states, 'Re-enable').length)
  })

  test('a person who switches off and on again in the middle ends it, too: it is not the same switching', async () => {
    let switched: Promise<unknown> = Promise.resolve()
    const world = await start({
      onState: (state, visit, { flags }) => {
        if (state === 'Re-enable' && visit === 1)
          switched = flags.write(FLAG, 'false').then(() => flags.write(FLAG, 'true'))
      },
    })
    const { problem } = await world.restore()
    await switched
    expect(problem).toMatchObject({ error: 'ReEnable.Interrupted', text: expect.stringContaining('in version') })
    expect([await world.flag(), await world.percent()]).toEqual(['false', '0'])
  })

  test('an alarm that came while people were asked, when there was nothing to switch, is not passed over', async () => {
    let alarmed: Promise<unknown> = Promise.resolve()
    const world = await start({
      onState: (state, visit, stack) => {
        if (state === 'Gate' && visit === 1)
          alarmed = recordJoined(stack.objects, INCIDENT, {
            at: new Date(stack.clock.now().getTime() + 1_000).toISOString(),
            incident: 'the-alarm',
            why: 'running',
            request: { plan: 'small', path: 'full', reason: 'it leaks' },
          })
      },
    })
    const { problem, states } = await world.restore()
    await alarmed
    expect(problem).toMatchObject({ error: 'ReEnable.Interrupted', text: expect.stringContaining('the-alarm') })
    expect(taken(states, 'Watch the feature')).toEqual([])
    // Not even for a moment: the flag was written by containment only.
    expect((await world.stack.flags.read(FLAG))?.value).toBe('false')
  })

  test('is never reached by what an alarm has started, whoever would approve', async () => {
    const world = await start()
    const signal = { name: 'slow', severity: 'critical', alarm: 'a', at: '2026-11-21T03:00:00.000Z', reason: 'slow' }
    const { arn } = await world.stack.execute(INCIDENT, { plan: 'small', path: 'restore', reason: 'a test', signal })
    const { report, problem, states } = await outcomeOf(arn, INCIDENT, world.stack)
    expect(problem).toBeNull()
    expect(report?.outcome).toBe('restored')
    expect(taken(states, 'Gate', 'Ask to re-enable', 'Re-enable')).toEqual([])
    expect([await world.flag(), await world.percent()]).toEqual(['false', '0'])
  })

  test('without a ramp all flags are on at once, and off again when the feature does not work', async () => {
    const on = await start({ ramped: false })
    expect((await on.restore()).report?.outcome).toBe('restored')
    expect(await on.flag()).toBe('true')
    await on.stack.close()
    let broken: Promise<unknown> = Promise.resolve()
    const off = await start({
      ramped: false,
      onState: (state) => {
        if (state === 'Gate') broken = setHealth(0)
      },
    })
    const { problem, states } = await off.restore()
    await broken
    expect(problem).toMatchObject({ error: 'Verification.Failed' })
    expect(taken(states, 'Watch the feature', 'Switch off again')).toEqual(['Switch off again'])
    expect(await off.flag()).toBe('false')
  })

  test('a lease that is lost in the middle stops it, and the flags are the new holder’s', async () => {
    let lost: Promise<unknown> = Promise.resolve()
    const world = await start({
      onState: (state, visit, { objects }) => {
        if (state !== 'Watch the feature' || visit !== 1) return
        lost = readJson(objects, keys.lease('small')).then((found) =>
          writeJson(objects, keys.lease('small'), { ...(found?.value as object), epoch: 99, incident: 'another' }),
        )
      },
    })
    const { problem, states } = await world.restore()
    await lost
    expect(problem).toMatchObject({ error: 'Lease.Lost' })
    expect(taken(states, 'Switch off again')).toEqual([])
    expect([await world.flag(), await world.percent()]).toEqual(['true', '5'])
  })

  test('a switching off that is not possible is not called contained', async () => {
    const world = await start({
      onState: (state, visit, { faults }) => {
        if (state !== 'Re-enable' || visit !== 1) return
        faults.add({ service: 'ssm', operation: 'PutParameter', fault: { status: 400, code: 'AccessDeniedException' } })
        process.env.DATABASE_URL = 'postgresql://nobody@127.0.0.1:1/nothing'
      },
    })
    const { report, problem } = await world.restore()
    expect(problem).toMatchObject({ error: 'Containment.Incomplete' })
    expect(report?.next[0]).toMatch(/^The system is not contained/)
  })
})
