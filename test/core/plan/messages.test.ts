import { expect, test } from 'vitest'
import { EVENTS, Messages, renderMessage } from '#core/plan/messages.ts'

const messages = { report: { subject: '{plan} – {signal}: {reason}', body: 'Rows: {rows}, {unknown} {__proto__}' } }

test('fills placeholders, and says what is not known', () => {
  expect(renderMessage(messages, 'report', { plan: 'p', signal: 's', reason: '{rows}' })).toEqual({
    subject: 'p ? s: {rows}',
    body: 'Rows: not known, {unknown} {__proto__}',
  })
})

test('keeps a subject within what SNS takes: 100 ASCII characters, one line', () => {
  const subject = renderMessage(messages, 'report', { reason: `${'x'.repeat(200)}\n` })?.subject ?? ''
  expect(subject).toMatch(/^[ -~]{97}\.\.\.$/)
})

test('has nothing for an event without a template', () => {
  expect(renderMessage(messages, 'purged', {})).toBeNull()
  expect(renderMessage(messages, 'constructor', {})).toBeNull()
})

test('has a place for a template of every event', () => {
  expect(Object.keys(Messages.shape).sort()).toEqual(Object.keys(EVENTS).sort())
})

/** What the templates of the runbooks ask for, by the placeholder that answers. */
const FIELDS = {
  start: ['phase', 'severity', 'eta', 'status', 'actions', 'next-update', 'contact'],
  customers: ['impact', 'eta', 'workaround'],
  incident: ['time', 'severity', 'reason', 'impact', 'services', 'status'],
  resolved: ['time', 'minutes', 'version', 'impact', 'next'],
  report: [
    ...[
      'incident',
      'date',
      'started',
      'ended',
      'severity',
      'reason',
      'detected',
      'detection',
      'symptoms',
      'phase',
      'path',
    ],
    ...['actions', 'duration', 'users-affected', 'services', 'loss', 'revenue', 'cause'],
  ],
  team: ['path', 'redeployment'],
}

test.each(
  Object.entries(FIELDS),
)('can fill in every field of the runbooks’ text "%s", if only with "not known"', (_, fields) => {
  const body = fields.map((name) => `${name}: {${name}}`).join('\n')
  const templates = Messages.parse({ report: { subject: 'x', body } })
  const lines = renderMessage(templates, 'report', { severity: 'critical' })?.body.split('\n') ?? []
  expect(lines).toEqual(fields.map((name) => `${name}: ${name === 'severity' ? 'critical' : 'not known'}`))
})
