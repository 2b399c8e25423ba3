import { SNS } from '@aws-sdk/client-sns'
import { describe, expect, test } from 'vitest'
import { snsNotifier } from '#aws/notifier.ts'
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
}

const open = async () => {
  const service = snsService({ directory: await scratch(), clock: realClock })
  const { faults } = await host(service)
  const { TopicArn = '' } = await new SNS().createTopic({ Name: 'rollback' })
  return { topic: TopicArn, faults, messages: service.messages, notifier: snsNotifier(TopicArn, PATIENT) }
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
        attributes: { plan: 'pgvector-search', incident: 'incident-1', event: 'contained', severity: 'critical' },
      },
    ])
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
