import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SNS } from '@aws-sdk/client-sns'
import { expect, test } from 'vitest'
import { snsService } from '#local/endpoints/sns.ts'
import { FakeClock } from '#test/local/asl/fake-clock.ts'
import { errorName, host, scratch } from './host.ts'

const open = async (directory?: string) => {
  const at = directory ?? (await scratch())
  const service = snsService({ directory: at, clock: new FakeClock() })
  await host(service)
  return { sns: new SNS({ maxAttempts: 1 }), service, directory: at }
}
const topicOf = async (sns: SNS): Promise<string> => (await sns.createTopic({ Name: 'rollback' })).TopicArn ?? ''

test('lists what was published, oldest first, letter by letter', async () => {
  const { sns, service } = await open()
  const TopicArn = await topicOf(sns)
  const awkward = 'drücken & "prüfen" <jetzt>\n\t100 % = a+b;\u2028🙂'
  const { MessageId } = await sns.publish({
    TopicArn,
    Subject: 'Rollback <started> & contained',
    Message: awkward,
    MessageAttributes: {
      plan: { DataType: 'String', StringValue: 'pgvector search & more' },
      severity: { DataType: 'String', StringValue: 'critical' },
    },
  })
  await sns.publish({ TopicArn, Message: 'second' })
  expect(service.messages()).toEqual([
    {
      id: MessageId,
      at: '2026-11-01T00:00:00.000Z',
      topicArn: TopicArn,
      subject: 'Rollback <started> & contained',
      message: awkward,
      byProtocol: {},
      attributes: { plan: 'pgvector search & more', severity: 'critical' },
    },
    expect.objectContaining({ message: 'second', subject: null, attributes: {} }),
  ])
})

test('keeps the texts by protocol apart, and lists as they are', async () => {
  const { sns, service } = await open()
  const roles = { DataType: 'String.Array', StringValue: '["dba"]' }
  const Message = JSON.stringify({ default: 'd', email: 'e', sms: 's' })
  await sns.publish({ TopicArn: await topicOf(sns), Message, MessageStructure: 'json', MessageAttributes: { roles } })
  expect(service.messages()).toMatchObject([
    { message: 'd', byProtocol: { email: 'e', sms: 's' }, attributes: { roles: '["dba"]' } },
  ])
})

test('gives a topic an ARN in the region of the caller, and the same one again', async () => {
  const { sns } = await open()
  expect(await topicOf(sns)).toBe('arn:aws:sns:eu-central-1:000000000000:rollback')
  expect(await topicOf(sns)).toBe(await topicOf(sns))
})

test('keeps topics and messages when the process ends, even in the middle of a line', async () => {
  const { sns, directory } = await open()
  const TopicArn = await topicOf(sns)
  await sns.publish({ TopicArn, Message: 'before' })
  await appendFile(join(directory, 'messages.jsonl'), '{"id":"half of a li')
  const later = await open(directory)
  await later.sns.publish({ TopicArn, Message: 'after' })
  expect(later.service.messages().map(({ message }) => message)).toEqual(['before', 'after'])
})

test('refuses a topic that nobody made', async () => {
  const { sns } = await open()
  const TopicArn = (await topicOf(sns)).replace('rollback', 'other')
  const publish = sns.publish({ TopicArn, Message: 'x' })
  await expect(publish).rejects.toMatchObject({ name: 'NotFoundException', message: expect.stringContaining(TopicArn) })
})

test.each([
  ['a subject of 101 characters', { Subject: 'x'.repeat(101), Message: 'x' }],
  ['a subject that is not ASCII', { Subject: 'Rückkehr', Message: 'x' }],
  ['a subject of two lines', { Subject: 'a\nb', Message: 'x' }],
  ['an empty message', { Message: '' }],
  ['a message over 256 KiB', { Message: 'ü'.repeat(131_073) }],
  ['an empty attribute', { Message: 'x', MessageAttributes: { a: { DataType: 'String', StringValue: '' } } }],
  ['texts by protocol that are no JSON', { Message: 'x', MessageStructure: 'json' }],
  ['texts by protocol without a default', { Message: '{"email":"x"}', MessageStructure: 'json' }],
  ['a structure that there is not', { Message: '{"default":"x"}', MessageStructure: 'xml' }],
  ['a list that is none', { Message: 'x', MessageAttributes: { a: { DataType: 'String.Array', StringValue: 'x' } } }],
  ['what is not done here', { Message: 'x', PhoneNumber: '+15550100' }],
])('refuses %s', async (_, message) => {
  const { sns, service } = await open()
  const publish = sns.publish({ TopicArn: await topicOf(sns), ...message })
  expect(await errorName(publish)).toBe('InvalidParameterException')
  expect(service.messages()).toEqual([])
})

test('leaves the calls of other services to others', async () => {
  const { sns } = await open()
  await expect(sns.listTopics({})).rejects.toMatchObject({ name: 'InvalidAction' })
})
