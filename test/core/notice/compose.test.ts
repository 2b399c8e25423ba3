import { describe, expect, test } from 'vitest'
import type { IncidentId } from '#core/names.ts'
import { compose } from '#core/notice/compose.ts'
import { consoleLink, type Occasion, unreadablePlan } from '#core/notice/occasion.ts'
import { webhookCall } from '#core/notice/webhook-call.ts'
import { EVENTS, type MessageEvent, Messages } from '#core/plan/messages.ts'
import { Webhook } from '#core/plan/webhooks.ts'

const NOW = new Date('2026-11-21T03:07:08Z')
const EXECUTION = 'arn:aws:states:eu-central-1:123456789012:execution:vector-rollback-prod:search-1'

const occasion = (more: Partial<Occasion> = {}): Occasion => ({
  plan: {
    ...unreadablePlan('search'),
    contacts: {
      dba: { name: 'Dana', reach: ['pager'] },
      'team-lead': { name: 'Tess', reach: ['chat'] },
    },
    impact: { users: 'Search by words only.', services: ['search'] },
  },
  environment: 'prod',
  incident: 'search-1' as IncidentId,
  path: 'full',
  signal: 'query-timeout',
  drill: false,
  execution: EXECUTION,
  ...more,
})

const VALUES = {
  severity: 'critical',
  reason: 'A query runs for a minute.',
  flags: 'SEARCH set to "false"',
  actions: '- retire: 2 tables',
  next: 'Choose: retry, another path, or close.',
  deadline: '2026-11-22T03:07:08.000Z',
  command: 'the-command --that answers',
  alternatives: '- Try the same again: the-command',
}

const composed = (event: MessageEvent, more: Partial<Occasion> = {}, values = VALUES) =>
  compose(occasion(more), event, values, { id: 'id-1', now: NOW })

describe('an e-mail without a template', () => {
  const body = composed('needs-human')?.notification.body ?? ''

  test('says what happened, what was done, what to do now, by when, how and whom to reach, in this order', () => {
    const wanted = [
      'WHAT HAPPENED',
      'A query runs',
      'WHAT WAS DONE',
      'SEARCH set',
      'retire: 2 tables',
      'WHAT YOU MUST DO NOW',
    ]
    const then = [
      'Choose: retry',
      'BY WHEN',
      VALUES.deadline,
      'HOW',
      VALUES.command,
      'https://',
      'WHOM TO REACH',
      'dba: Dana',
    ]
    const places = [...wanted, ...then].map((text) => body.indexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  test('fits into a narrow window but for commands and addresses', () => {
    for (const line of body.split('\n').filter((text) => !/https:|the-command/.test(text)))
      expect(line.length).toBeLessThanOrEqual(110)
  })
})

describe('a template of the plan', () => {
  const withTemplate = (body: string) => {
    const messages = Messages.parse({ 'needs-human': { subject: '{plan}: help', body } })
    return composed('needs-human', { plan: { ...occasion().plan, messages } })?.notification.body
  }

  test('that does not say what to do is sent with what to do below it', () => {
    expect(withTemplate('It is {severity}.')).toMatch(
      /^It is critical\.\n\nWHAT YOU MUST DO NOW[\s\S]*the-command --that answers/,
    )
  })

  test('that says it is sent as it is', () => {
    expect(withTemplate('Run {command}')).toBe('Run the-command --that answers')
  })
})

test('every event has a subject of its own that names environment and plan, and an answer to "what now"', () => {
  const events = (Object.keys(EVENTS) as MessageEvent[]).filter((event) => !event.startsWith('users'))
  const sent = events.map((event) => composed(event)?.notification)
  expect(new Set(sent.map((one) => one?.subject)).size).toBe(events.length)
  for (const one of sent) {
    expect(one?.subject).toMatch(/^search prod: ./)
    expect(one?.body).toContain('WHAT YOU MUST DO NOW')
    expect(one?.sms?.length).toBeLessThan(200)
  }
})

test('users are told nothing that the plan has no text for, and nothing in a drill', () => {
  expect(composed('users')).toBeNull()
  const messages = Messages.parse({ users: { subject: 'Search is limited', body: '{impact}' } })
  const plan = { ...occasion().plan, messages }
  expect(composed('users', { plan })?.notification.body).toBe('Search by words only.')
  expect(composed('users', { plan, drill: true })).toBeNull()
})

test('a drill says so in its subject and in an attribute', () => {
  expect(composed('started', { drill: true })?.notification).toMatchObject({
    subject: expect.stringMatching(/^\[drill\] /),
    drill: true,
  })
})

test('the chat gets its own form: one thread for each incident, next steps, and ids for buttons', () => {
  const chat = composed('approval-needed', { roles: ['dba'] })?.notification.chat
  expect(chat).toEqual({
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: ':warning: search prod: approval needed to destroy retired tables',
      description: expect.stringContaining('WHAT HAPPENED'),
      nextSteps: [VALUES.next, VALUES.alternatives, VALUES.command],
      keywords: ['prod', 'search', 'approval-needed', 'critical'],
    },
    metadata: {
      threadId: 'search-1',
      summary: 'search prod: approval needed to destroy retired tables',
      eventType: 'approval-needed',
      relatedResources: [EXECUTION],
      additionalContext: {
        environment: 'prod',
        plan: 'search',
        incident: 'search-1',
        path: 'full',
        signal: 'query-timeout',
        deadline: VALUES.deadline,
      },
    },
  })
})

test('an execution of AWS has a page in the console, one on this machine has none', () => {
  expect(consoleLink(EXECUTION)).toBe(
    `https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/${EXECUTION}`,
  )
  expect(consoleLink(EXECUTION.replace('123456789012', '000000000000'))).toBeNull()
  expect(consoleLink(null)).toBeNull()
})

describe('what a webhook is sent', () => {
  const HOOK = {
    name: 'pager',
    url: 'https://pager.example.com/{env}/x',
    events: ['needs-human'],
    secret: '/app/{env}/KEY',
  }
  const message = () => {
    const { notification, values } = composed('needs-human') ?? {}
    return {
      environment: 'prod',
      id: 'id-1',
      reach: 'internet' as const,
      document: notification?.document,
      values: values ?? {},
    }
  }

  test('is a document with every field, for the environment of the message', () => {
    const call = webhookCall(Webhook.parse(HOOK), message())
    expect(call).toMatchObject({ url: 'https://pager.example.com/prod/x', secret: '/app/prod/KEY', reach: 'internet' })
    expect(JSON.parse(call.body)).toMatchObject({
      version: 1,
      id: 'id-1',
      event: 'needs-human',
      severity: 'critical',
      incident: 'search-1',
      fields: { reason: VALUES.reason, deadline: VALUES.deadline, contact: 'dba: Dana (pager)' },
    })
  })

  test('or what the plan makes of it, with its texts filled in at any depth and everything else as it stands', () => {
    const body = { routing: 7, payload: { summary: '{plan}: {reason}', tags: ['{severity}', '{revenue}'] } }
    const call = webhookCall(Webhook.parse({ ...HOOK, body }), message())
    expect(JSON.parse(call.body)).toEqual({
      routing: 7,
      payload: { summary: `search: ${VALUES.reason}`, tags: ['critical', 'not known'] },
    })
  })

  test('has the same key for the same message, and another one for another webhook', () => {
    const key = (name: string) => webhookCall(Webhook.parse({ ...HOOK, name }), message()).idempotencyKey
    expect(key('pager')).toBe(key('pager'))
    expect(key('pager')).not.toBe(key('status'))
  })
})
