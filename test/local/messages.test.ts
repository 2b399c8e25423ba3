import { createHmac } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { keys } from '#core/incident/keys.ts'
import { readMessages } from '#core/incident/tell.ts'
import type { IncidentId } from '#core/names.ts'
import { webhookServer } from '#test/support/webhook-server.ts'
import { waitingWorld } from './waiting-world.ts'

const SECRET = '/app/local/STATUS_SECRET'
const hook = (url: string) => `webhooks:
  - name: status-page
    url: ${url}/{env}
    events: [started, proceed-needed]
    secret: /app/{env}/STATUS_SECRET
`

describe('a webhook of a plan', { timeout: 60_000 }, () => {
  test('is told what it asked for, signed with the secret of the environment, and its answer is in the record', async () => {
    const { url, requests } = await webhookServer([202])
    const { alarm, ssm, stack } = await waitingWorld(hook(url))
    await ssm.putParameter({ Name: SECRET, Value: 'hush', Type: 'SecureString' })
    const { incident } = await alarm()
    const bodies = requests.map(({ body }) => JSON.parse(body) as { event: string; incident: string })
    expect(bodies.map(({ event }) => event).sort()).toEqual(['proceed-needed', 'started'])
    for (const { path, headers, body } of requests) {
      expect(path).toBe('/local')
      const mac = createHmac('sha256', 'hush').update(`${headers['x-timestamp']}.${body}`).digest('hex')
      expect(headers['x-signature-256']).toBe(`sha256=${mac}`)
    }
    const started = (await readMessages(stack.objects, incident)).find(({ event }) => event === 'started')
    expect(started?.channels).toContainEqual({ channel: 'webhook status-page', delivered: true, detail: '202' })
  })

  test('that cannot be signed stops nothing, is said in the record, and is sent with the next message', async () => {
    const { url, requests } = await webhookServer()
    const { alarm, ssm, stack, look, goTo } = await waitingWorld(hook(url))
    const { incident } = await alarm()
    const failed = (await readMessages(stack.objects, incident)).filter(({ delivered }) => !delivered)
    expect(failed.map(({ event }) => event).sort()).toEqual(['proceed-needed', 'started'])
    expect(failed[0]?.channels).toContainEqual({
      channel: 'webhook status-page',
      delivered: false,
      detail: expect.stringContaining(SECRET),
    })
    const people = stack.messages().length
    await ssm.putParameter({ Name: SECRET, Value: 'hush', Type: 'SecureString' })
    goTo(5)
    await look()
    expect(requests).toHaveLength(2)
    // Those whom the first one has reached do not get it again.
    expect(stack.messages()).toHaveLength(people)
    expect((await readMessages(stack.objects, incident)).every(({ delivered }) => delivered)).toBe(true)
  })

  test('hears nothing of a drill', async () => {
    const { url, requests } = await webhookServer()
    const { stack, ssm, newest, sent } = await waitingWorld(hook(url))
    await ssm.putParameter({ Name: SECRET, Value: 'hush', Type: 'SecureString' })
    const input = { plan: 'small', path: 'flag', reason: 'practice', drill: true }
    await stack.executions.start('drill-1', input)
    await newest('incidents/drill-1/human/')
    await vi.waitFor(() => expect(sent('needs-human')).toHaveLength(1))
    expect(sent('started')[0]).toMatchObject({
      attributes: { drill: 'true' },
      subject: expect.stringMatching(/^\[drill\]/),
    })
    expect(requests).toEqual([])
  })
})

describe('the messages of a run', { timeout: 60_000 }, () => {
  test('go to people and to the chat, in one thread (PGV-52)', async () => {
    const { alarm, stack } = await waitingWorld()
    const { incident } = await alarm()
    const chat = stack
      .chat()
      .map(({ message }) => JSON.parse(message) as { metadata: { threadId: string; eventType: string } })
    expect(chat.map(({ metadata }) => metadata.eventType).sort()).toEqual(['contained', 'proceed-needed', 'started'])
    expect(new Set(chat.map(({ metadata }) => metadata.threadId))).toEqual(new Set([incident]))
    expect(
      stack
        .messages()
        .map(({ attributes }) => attributes.event)
        .sort(),
    ).toEqual(['contained', 'proceed-needed', 'started'])
  })

  test('that were sent are not sent again by a function that runs once more', async () => {
    const { alarm, stack } = await waitingWorld()
    const { incident, arn } = await alarm()
    const before = stack.messages().length
    const run = { plan: 'small', planDigest: 'x', incident, execution: arn, epoch: 1, path: 'full', drill: false }
    await stack.invoke('notify', { run, input: { event: 'started' } })
    expect(stack.messages()).toHaveLength(before)
  })

  test('that the chat did not take are sent to the chat alone, with the next one', async () => {
    const { alarm, stack, goTo, look } = await waitingWorld()
    stack.faults.add({ service: 'sns', key: /-chat$/, times: 6, fault: { status: 400 } })
    const { incident } = await alarm()
    expect(stack.messages()).toHaveLength(3)
    goTo(5)
    await look()
    goTo(10)
    await look()
    expect(stack.messages()).toHaveLength(3)
    expect(stack.chat()).toHaveLength(3)
    expect((await readMessages(stack.objects, incident)).map(({ delivered }) => delivered)).toEqual([true, true, true])
  })
})

describe('the end of a run is told', { timeout: 60_000 }, () => {
  test('when a person denies the path, and then closes it', async () => {
    const { alarm, stack, newest, sent } = await waitingWorld()
    const { incident, question } = await alarm()
    await stack.executions.succeed(question.token, { approved: false })
    const { value } = await newest(keys.human(incident))
    await vi.waitFor(() => expect(sent('needs-human')).toHaveLength(1))
    expect(sent('needs-human')[0]?.message).toContain('Approval.Denied')
    await stack.executions.succeed(value.token, { decision: 'close' })
    await vi.waitFor(() => expect(sent('report')).toHaveLength(1), { timeout: 30_000 })
    expect(sent('handed-over')).toHaveLength(1)
  })

  test('when a person has it tried again and it fails again: asked again is told again', async () => {
    const { alarm, stack, newest, sent } = await waitingWorld()
    const { incident, question } = await alarm()
    await stack.executions.succeed(question.token, { approved: false })
    const first = await newest(keys.human(incident))
    await stack.executions.succeed(first.value.token, { decision: 'retry' })
    await vi.waitFor(() => expect(sent('proceed-needed')).toHaveLength(2), { timeout: 30_000 })
    expect(sent('started')).toHaveLength(2)
  })

  test('when nobody answers at all', async () => {
    const { alarm, stack, newest, sent } = await waitingWorld()
    const { arn, incident, question } = await alarm()
    await stack.executions.succeed(question.token, { approved: false })
    const { value } = await newest(keys.human(incident))
    await stack.executions.fail(value.token, 'States.Timeout', '')
    expect((await stack.waitFor(arn)).status).toBe('FAILED')
    expect(sent('no-answer')).toMatchObject([{ attributes: { severity: 'critical', incident } }])
  })
})

test('a state machine that does not start calls people, with the command that starts it', {
  timeout: 60_000,
}, async () => {
  const { stack, alarm, sent } = await waitingWorld()
  const up = stack.faults.add({ service: 'states', operation: 'StartExecution', fault: { status: 400, code: 'X' } })
  await expect(alarm()).rejects.toThrow()
  expect(sent('not-started')).toMatchObject([
    {
      attributes: { plan: 'small', signal: 'slow', severity: 'critical' },
      message: expect.stringContaining('aws stepfunctions start-execution'),
    },
  ])
  expect((await stack.flags.read('/app/local/SEARCH' as never))?.value).toBe('false')
  up()
  expect(((await alarm()).incident as IncidentId).length).toBeGreaterThan(0)
})
