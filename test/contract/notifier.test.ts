import { SNS } from '@aws-sdk/client-sns'
import { describe, expect, test } from 'vitest'
import { snsChat, snsNotifier } from '#aws/notifier.ts'
import type { IncidentId, PlanName } from '#core/names.ts'
import type { Notification } from '#core/ports.ts'
import { snsService } from '#local/endpoints/sns.ts'
import { host, scratch } from '#test/local/endpoints/host.ts'
import { realClock } from '#test/support/clock.ts'

/** Enough for a busy machine. */
const PATIENT = { connectMilliseconds: 10_000, idleMilliseconds: 10_000, attempts: 1 }
/** For what never answers. */
const HASTY = { ...PATIENT, idleMilliseconds: 200 }
const CONTAINED: Notification = {
  plan: 'pgvector-search' as PlanName,
  incident: 'incident-1' as IncidentId,
  event: 'contained',
  severity: 'critical',
  subject: 'pgvector-search: contained',
  body: 'The flag VECTOR_SEARCH_ENABLED is "false".',
  environment: 'prod',
  path: null,
  signal: null,
  drill: false,
  sms: 'prod pgvector-search: contained',
  document: { version: 1 },
  chat: { version: '1.0' },
}

const open = async () => {
  const service = snsService({ directory: await scratch(), clock: realClock })
  const { faults } = await host(service)
  const { TopicArn = '' } = await new SNS().createTopic({ Name: 'rollback' })
  const { TopicArn: chatTopic = '' } = await new SNS().createTopic({ Name: 'rollback-chat' })
  return {
    topic: TopicArn,
    chatTopic,
    faults,
    messages: service.messages,
    notifier: snsNotifier(TopicArn, PATIENT),
    chat: snsChat(() => chatTopic, PATIENT),
  }
}

describe('a notification', () => {
  test('arrives with what subscriptions filter on', async () => {
    const { notifier, messages, topic } = await open()
    const { id } = await notifier.send(CONTAINED)
    expect(messages()).toEqual([
      {
        id,
        at: expect.any(String),
        topicArn: topic,
        subject: CONTAINED.subject,
        message: CONTAINED.body,
        byProtocol: expect.any(Object),
        attributes: {
          plan: 'pgvector-search',
          incident: 'incident-1',
          event: 'contained',
          severity: 'critical',
          environment: 'prod',
          drill: 'false',
        },
      },
    ])
  })

  test('has the environment, the path, the signal and the roles for subscriptions to filter on, ten attributes at most', async () => {
    const { notifier, messages } = await open()
    const all = {
      environment: 'prod',
      path: 'full',
      signal: 'query-timeout',
      roles: ['dba', 'team-lead'],
      drill: true,
    } as const
    await notifier.send({ ...CONTAINED, ...all })
    const attributes = messages()[0]?.attributes ?? {}
    expect(attributes).toEqual({
      plan: 'pgvector-search',
      incident: 'incident-1',
      event: 'contained',
      severity: 'critical',
      environment: 'prod',
      path: 'full',
      signal: 'query-timeout',
      drill: 'true',
      roles: '["dba","team-lead"]',
    })
    expect(Object.keys(attributes).length).toBeLessThanOrEqual(10)
  })

  test('says the same by e-mail, briefly by telephone, and in fields to machines', async () => {
    const { notifier, messages } = await open()
    const document = { version: 1, event: 'contained', fields: { flags: 'off' } }
    await notifier.send({ ...CONTAINED, sms: `prod – ${'x'.repeat(300)}`, document })
    const { email, sms = '', https = '' } = messages()[0]?.byProtocol ?? {}
    expect(email).toBe(CONTAINED.body)
    expect(sms).toMatch(/^prod - x{130}\.\.\.$/)
    expect(JSON.parse(https)).toEqual(document)
  })

  test('goes to the chat as the JSON that the chat wants and nothing else, on a topic of its own', async () => {
    const { chat, messages, chatTopic } = await open()
    const form = { version: '1.0', source: 'custom', content: { title: 'x' } }
    const sent = await chat.chat({ ...CONTAINED, chat: form })
    const [delivered] = messages()
    expect(sent?.id).toBe(delivered?.id)
    expect(delivered?.topicArn).toBe(chatTopic)
    expect(JSON.parse(delivered?.message ?? '')).toEqual(form)
    expect(delivered?.byProtocol).toEqual({})
    expect(delivered?.attributes).toMatchObject({ event: 'contained', severity: 'critical' })
  })

  test('goes to no chat where there is none', async () => {
    const { messages } = await open()
    expect(await snsChat(() => undefined, PATIENT).chat({ ...CONTAINED, chat: {} })).toBeNull()
    expect(messages()).toEqual([])
  })

  test('that belongs to no incident has no such attribute', async () => {
    const { notifier, messages } = await open()
    await notifier.send({ ...CONTAINED, incident: null })
    expect(messages()[0]?.attributes).not.toHaveProperty('incident')
  })

  test.each([
    ['too long', `pgvector-search: ${'x'.repeat(200)}`],
    ['not ASCII', 'pgvector-search: Rückkehr – läuft 🙂'],
    ['of two lines', 'pgvector-search:\r\ncontained'],
    ['empty', ''],
  ])('whose subject is %s is delivered, and nothing of the subject is lost', async (_, subject) => {
    const { notifier, messages } = await open()
    await notifier.send({ ...CONTAINED, subject })
    const [delivered] = messages()
    expect(delivered?.subject).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,99}$/)
    expect(delivered?.message).toContain(subject)
    expect(delivered?.message).toContain(CONTAINED.body)
  })

  test('with a body that SNS would refuse for its length is delivered cut, and says so', async () => {
    const { notifier, messages } = await open()
    await notifier.send({ ...CONTAINED, body: 'ü'.repeat(200_000) })
    expect(messages()[0]?.message).toMatch(/ü\n\[cut: .*\]$/)
    expect(messages()[0]?.byProtocol.email).toBe(messages()[0]?.message)
  })

  test('goes to the topic that is asked for at each call', async () => {
    const { messages, topic } = await open()
    let asked = 0
    const notifier = snsNotifier(() => {
      asked += 1
      return topic
    }, PATIENT)
    expect(asked).toBe(0)
    await notifier.send(CONTAINED)
    await notifier.send(CONTAINED)
    expect([asked, messages().length]).toEqual([2, 2])
  })
})

describe('what was not delivered', () => {
  test('names the topic that does not exist', async () => {
    const { topic } = await open()
    await expect(snsNotifier(`${topic}-2`, PATIENT).send(CONTAINED)).rejects.toMatchObject({
      name: 'Notification.NotDelivered',
      category: 'failed',
      message: expect.stringContaining(`"${topic}-2"`),
    })
  })

  test.each([
    ['is gone', { reset: true }],
    ['never answers', { blackHole: true }],
    ['has an error of its own', { status: 503 }],
  ] as const)('is worth a retry when SNS %s', async (_, fault) => {
    const { topic, notifier, faults, messages } = await open()
    const remove = faults.add({ service: 'sns', operation: 'Publish', fault })
    const error = { name: 'Notification.NotDelivered', category: 'unreachable' }
    const sending = snsNotifier(topic, 'blackHole' in fault ? HASTY : PATIENT).send(CONTAINED)
    await expect(sending).rejects.toMatchObject(error)
    remove()
    await notifier.send(CONTAINED)
    expect(messages()).toHaveLength(1)
  })
})
