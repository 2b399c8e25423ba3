import { describe, expect, test, vi } from 'vitest'
import { readAnswers } from '#core/approval/approval.ts'
import { keys } from '#core/incident/keys.ts'
import { readMessages } from '#core/incident/tell.ts'
import type { FlagPath, IncidentId } from '#core/names.ts'
import { writeReEnabling } from '#core/re-enable/record.ts'
import { waitingWorld } from './waiting-world.ts'

const LADDER = `  dba:
    name: Dana
    reach: [pager]
escalation:
  - { after: 15m, tell: [lead], alternatives: [approve, hold] }
  - { after: 30m, tell: [lead, dba], alternatives: [deny, { do: Call the vendor, run: "tel:+15550100" }] }
  - { after: 60m, tell: [dba], alternatives: [retry, hold] }
updates: 30m
messages:
  users: { subject: Search is limited, body: "We look again at {next-update}." }
`
const FLAG = '/app/local/SEARCH' as FlagPath
const events = (reminded: readonly { event: string }[]) => reminded.map(({ event }) => event)

describe('a run that waits for an approval that does not come', { timeout: 120_000 }, () => {
  test('climbs the ladder at 15 and 30 minutes, each rung once, whoever looks how often', async () => {
    const { alarm, goTo, look, sent } = await waitingWorld(LADDER)
    const { incident } = await alarm()
    expect(events(await look())).toEqual([])
    goTo(16)
    const twice = await Promise.all([look(), look(), look()])
    expect(events(twice.flat())).toEqual(['escalated'])
    expect(await look()).toEqual([])
    expect(sent('escalated').map(({ attributes }) => attributes.roles)).toEqual(['["lead"]'])
    expect(sent('escalated')[0]?.message).toContain(
      `- Approve: vector-rollback approve ${incident} --environment local --role lead`,
    )
    goTo(31)
    expect(events(await look()).sort()).toEqual(['escalated', 'reminder', 'update', 'users'])
    expect(sent('escalated')[1]).toMatchObject({
      attributes: { roles: '["lead","dba"]', severity: 'critical', incident, path: 'full', signal: 'slow' },
      message: expect.stringContaining('- Call the vendor: tel:+15550100'),
    })
    goTo(32)
    expect(await look()).toEqual([])
  })

  test('is never approved by that: it holds containment, and a person is called when the time is over', async () => {
    const { alarm, goTo, look, stack, newest, sent } = await waitingWorld(LADDER)
    const { incident, question } = await alarm()
    for (const minutes of [16, 31, 55]) {
      goTo(minutes)
      await look()
    }
    expect(await readAnswers(stack.objects, incident, 'proceed')).toEqual([])
    // As the state machine gives up: its time-outs run by the wall clock here.
    await stack.executions.fail(question.token, 'States.Timeout', '')
    await newest(keys.human(incident))
    await vi.waitFor(() => expect(sent('needs-human')).toHaveLength(1), { timeout: 30_000 })
    expect(sent('needs-human')[0]?.message).toContain('Silence is no consent')
    expect((await stack.flags.read(FLAG))?.value).toBe('false')
    // Its ladder begins anew, with what a person can choose now.
    goTo(55 + 16)
    await look()
    const last = sent('escalated').at(-1)
    expect(last?.message).toContain('waits for a person')
    goTo(55 + 61)
    await look()
    expect(sent('escalated').at(-1)?.message).toContain(' retry --environment local --role ROLE')
    expect((await stack.flags.read(FLAG))?.value).toBe('false')
  })

  test('people who could not be reached are called when they can be, and the report knows both', async () => {
    const { alarm, goTo, look, stack, sent } = await waitingWorld(LADDER)
    const { incident } = await alarm()
    goTo(16)
    stack.faults.down('sns')
    expect(await look()).toEqual([{ incident, event: 'escalated', delivered: false }])
    const unsent = (await readMessages(stack.objects, incident)).filter(({ delivered }) => !delivered)
    expect(unsent).toMatchObject([{ event: 'escalated', tries: 1, detail: expect.stringContaining('people: ') }])
    stack.faults.up('sns')
    goTo(21)
    expect(await look()).toEqual([{ incident, event: 'escalated', delivered: true }])
    expect(sent('escalated')).toHaveLength(1)
    goTo(26)
    expect(await look()).toEqual([])
  })

  test('is told of once when its execution was stopped, and then nobody is called any more', async () => {
    const { alarm, goTo, look, sfn, sent } = await waitingWorld(LADDER)
    const { arn } = await alarm()
    await sfn.stopExecution({ executionArn: arn })
    goTo(16)
    expect(events(await look())).toEqual(['stopped'])
    goTo(31)
    expect(await look()).toEqual([])
    expect(sent('stopped')[0]).toMatchObject({ attributes: { severity: 'critical' } })
    expect(sent('stopped')[0]?.message).toContain('Start the same path again')
  })

  test('that was enabling the feature again when it was stopped: people hear how far it had come, and that nobody watches', async () => {
    const { alarm, goTo, look, sfn, sent, stack } = await waitingWorld(LADDER)
    const { arn, incident } = await alarm()
    const began = { digest: 'd', askedAt: stack.clock.now().toISOString(), flags: [], percent: 10 }
    const attested = { gates: [], unmet: [], by: [] }
    await writeReEnabling(stack.objects, incident, { ...began, attested, at: began.askedAt }, null)
    await sfn.stopExecution({ executionArn: arn })
    goTo(16)
    expect(events(await look())).toEqual(['stopped'])
    expect(sent('stopped')[0]?.message).toMatch(/begun with 10% of the subjects.*Start the path flag/)
  })
})

test('a run that could not even begin calls people, and reminds them', { timeout: 60_000 }, async () => {
  const { stack, goTo, look, sent, newest } = await waitingWorld(LADDER)
  await stack.executions.start('nonsense-1', { plan: 'nonsense', path: 'flag', reason: 'a test' })
  await newest('unopened/')
  await vi.waitFor(() => expect(sent('not-started')).toHaveLength(1), { timeout: 30_000 })
  expect(sent('not-started')[0]).toMatchObject({
    attributes: { plan: 'nonsense', severity: 'critical', environment: 'local', incident: 'nonsense-1' },
    message: expect.stringContaining('There is no plan "nonsense"'),
  })
  expect(await look()).toEqual([])
  goTo(13 * 60)
  expect(events(await look())).toEqual(['reminder'])
  expect(await look()).toEqual([])
})

test('a second start of a plan joins the first, and people hear of it once', { timeout: 60_000 }, async () => {
  const { alarm, stack, sent } = await waitingWorld()
  const { incident } = await alarm()
  for (const name of ['second', 'third'])
    await stack.execute(name, { plan: 'small', path: 'flag', reason: `the ${name} one` })
  expect(sent('joined')).toMatchObject([
    { attributes: { incident }, message: expect.stringContaining('the second one') },
  ])
})

test('the bucket swallows everything and answers nothing: people are called all the same, within the time of the function', {
  timeout: 120_000,
}, async () => {
  const { stack, sent } = await waitingWorld()
  stack.faults.add({ service: 's3', fault: { blackHole: true } })
  const payload = {
    run: null,
    input: {
      request: { plan: 'small', path: 'flag', reason: 'a test' },
      problem: { state: 'Open incident', error: 'Bucket.Unreachable', cause: 'no answer' },
      execution: 'arn:aws:states:us-east-1:000000000000:execution:vector-rollback-local:x-1',
    },
    token: 'a token',
  }
  const began = performance.now()
  await stack.invoke('needs-human', payload)
  // 50 seconds are what the function has in AWS.
  expect(performance.now() - began).toBeLessThan(45_000)
  expect(sent('not-started')).toMatchObject([{ attributes: { incident: 'x-1' as IncidentId } }])
})
